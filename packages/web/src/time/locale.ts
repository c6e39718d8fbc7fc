/**
 * The locale for times: the words' language, in the regional form the person uses.
 *
 * A German reader of the English page gets English weekdays, not a mixture of both.
 */
export function pickLocale(wanted: readonly string[], language: string): string {
  const fits = wanted.find((locale) => locale.split('-')[0]?.toLowerCase() === language);
  return fits ?? (language === 'en' ? 'en-GB' : language);
}
