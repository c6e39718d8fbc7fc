import { Component, type FunctionComponent, h } from 'preact';

function differ(a: object, b: object): boolean {
  const before = new Map(Object.entries(a));
  const after = Object.entries(b);
  return before.size !== after.length || after.some(([key, value]) => before.get(key) !== value);
}

/** The same component, rendered again only when one of its props is another value. */
export function pure<P extends object>(render: FunctionComponent<P>) {
  return class Pure extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return differ(this.props, next);
    }

    override render() {
      return h(render, this.props);
    }
  };
}
