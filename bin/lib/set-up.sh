# What every command needs first; sourced in the root of the checkout.

. bin/lib/step.sh
. bin/lib/node.sh
. bin/lib/dependencies.sh
. bin/lib/page.sh

use_node
use_dependencies
