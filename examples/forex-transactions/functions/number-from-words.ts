import { sql, sqlFunction, t } from "assay";

/** `two` is 2; null for a word that is no number by itself. */
export const numberOfWord = sqlFunction("number_of_word", {
  params: { word: t.varchar() },
  result: t.integer(),
  duckdb: sql`
    case word
      when 'a' then 1 when 'one' then 1 when 'two' then 2 when 'three' then 3 when 'four' then 4 when 'five' then 5
      when 'six' then 6 when 'seven' then 7 when 'eight' then 8 when 'nine' then 9 when 'ten' then 10
      when 'eleven' then 11 when 'twelve' then 12 when 'thirteen' then 13 when 'fourteen' then 14 when 'fifteen' then 15
      when 'sixteen' then 16 when 'seventeen' then 17 when 'eighteen' then 18 when 'nineteen' then 19
      when 'twenty' then 20 when 'thirty' then 30 when 'forty' then 40 when 'fifty' then 50
      when 'sixty' then 60 when 'seventy' then 70 when 'eighty' then 80 when 'ninety' then 90
    end`,
});

/** `two hundred and forty five` is 245. Takes words in the right order only; none is 0. */
export const numberBelowThousand = sqlFunction("number_below_thousand", {
  params: { words: t.varchar() },
  result: t.integer(),
  duckdb: sql`
    coalesce(100 * number_of_word(regexp_extract(words, '(\w+) hundred', 1)), 0)
    + coalesce(
        list_sum(list_transform(string_split(regexp_replace(words, '^.*hundred', ''), ' '), lambda word: number_of_word(word))),
        0
      )`,
  postgres: sql`
    coalesce(100 * number_of_word(substring(words from '([a-z]+) hundred')), 0)
    + coalesce(
        (select sum(number_of_word(word)) from unnest(string_to_array(regexp_replace(words, '^.*hundred', ''), ' ')) as word),
        0
      )`,
});

/**
 * English words in small letters, a space between them, without a sign; null for text that is anything else. A hyphen may join two words, a
 * comma may end one.
 */
export const plainWords = sqlFunction("plain_words", {
  params: { words: t.varchar() },
  result: t.varchar(),
  duckdb: sql`
    nullif(
      regexp_extract(
        regexp_replace(
          regexp_replace(clean_text(lower(words)), '([a-z])(?:\p{Pd}|,[\s\p{Z}])([a-z])', '\1 \2', 'g'),
          '[\s\p{Z}]+', ' ', 'g'
        ),
        '^(?:\p{Pd} ?|minus |negative )?([a-z]+(?: [a-z]+)*)$', 1
      ),
      ''
    )`,
  postgres: sql`
    substring(
      regexp_replace(
        regexp_replace(
          clean_text(lower(words collate "und-x-icu")), '([a-z])(?:[-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d]|,[ \t\n\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000])([a-z])', '\1 \2', 'g'
        ),
        '[ \t\n\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'
      )
      from '^(?:[-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d] ?|minus |negative )?([a-z]+(?: [a-z]+)*)$'
    )`,
});

/**
 * Each word by its kind: 1 one to nine, 2 ten to nineteen, 3 twenty to ninety, 4 hundred, 5 thousand, 6 million, 7 and, 8 a, 0 zero; other
 * words stay as they are.
 */
export const kindsOfWords = sqlFunction("kinds_of_words", {
  params: { words: t.varchar() },
  result: t.varchar(),
  duckdb: sql`
    array_to_string(
      list_transform(
        string_split(words, ' '),
        lambda word: case
          when word = 'a' then '8'
          when word = 'and' then '7'
          when word = 'zero' then '0'
          when word = 'hundred' then '4'
          when word = 'thousand' then '5'
          when word = 'million' then '6'
          when number_of_word(word) < 10 then '1'
          when number_of_word(word) < 20 then '2'
          when number_of_word(word) < 100 then '3'
          else word
        end
      ),
      ''
    )`,
  postgres: sql`
    (select string_agg(
        case
          when word = 'a' then '8'
          when word = 'and' then '7'
          when word = 'zero' then '0'
          when word = 'hundred' then '4'
          when word = 'thousand' then '5'
          when word = 'million' then '6'
          when number_of_word(word) < 10 then '1'
          when number_of_word(word) < 20 then '2'
          when number_of_word(word) < 100 then '3'
          else word
        end,
        '' order by place
      ) from unnest(string_to_array(words, ' ')) with ordinality as listed(word, place))`,
});

/**
 * The number that English words say: "Two Hundred", "minus forty-five", "one million, two hundred thousand and six". From -999,999,999 to
 * 999,999,999; any case; hyphens and commas are spaces. Null for what is no number: "twenty fifteen", "hundred five", "two hundreds".
 */
export const numberFromWords = sqlFunction("number_from_words", {
  description: "The number that English words say; null for what says none.",
  params: { words: t.varchar() },
  result: t.bigint(),
  duckdb: sql`
    case
      when regexp_full_match(
        kinds_of_words(plain_words(words)),
        '0|(?:(?:[18]4(?:7?(?:31?|1|2))?|31?|1|2|8)6)?'
          || '(?:7?(?:[18]4(?:7?(?:31?|1|2))?|31?|1|2|8)5)?'
          || '(?:7?(?:[18]4(?:7?(?:31?|1|2))?|31?|1|2))?'
      ) and not starts_with(plain_words(words), 'and ')
      then (case when regexp_matches(words, '^[\s\p{Z}]*(?:\p{Pd}|(?i:minus|negative)\b)') then -1 else 1 end)
        * (
          1000000::bigint * number_below_thousand(regexp_extract(plain_words(words), '^(.*) million', 1))
          + 1000 * number_below_thousand(regexp_extract(plain_words(words), '^(?:.*million )?(.*) thousand', 1))
          + number_below_thousand(regexp_extract(plain_words(words), '^(?:.*(?:million|thousand))?(.*)$', 1))
        )
    end`,
  postgres: sql`
    case
      when kinds_of_words(plain_words(words)) ~ (
        '^(?:0|(?:(?:[18]4(?:7?(?:31?|1|2))?|31?|1|2|8)6)?'
          || '(?:7?(?:[18]4(?:7?(?:31?|1|2))?|31?|1|2|8)5)?'
          || '(?:7?(?:[18]4(?:7?(?:31?|1|2))?|31?|1|2))?)$'
      ) and not starts_with(plain_words(words), 'and ')
      then (case when words ~* '^[ \t\n\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*(?:[-\u058a\u05be\u1400\u1806\u2010-\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d]|(?:minus|negative)(?![a-z0-9_]))' then -1 else 1 end)
        * (
          1000000::bigint * number_below_thousand(substring(plain_words(words) from '^(.*) million'))
          + 1000 * number_below_thousand(substring(plain_words(words) from '^(?:.*million )?(.*) thousand'))
          + number_below_thousand(substring(plain_words(words) from '^(?:.*(?:million|thousand))?(.*)$'))
        )
    end`,
});
