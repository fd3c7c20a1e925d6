-- Functions that triggers and queries call. `python -m tests.postgres_functions` writes them from the tables of Python and SQLite.

-- Text as Python's str.casefold() returns it.
CREATE OR REPLACE FUNCTION pm_casefold(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $pm$
    SELECT CASE WHEN octet_length(value) = char_length(value) THEN lower(value)
    ELSE translate({unfolded}, {folded_from}, {folded_to}) END
$pm$;

-- The words of a text, as the tokenizer of SQLite's index returns them: unicode61 with remove_diacritics 2. A session
-- plans a function in PL/pgSQL once, and one in SQL that another calls again for each row.
CREATE OR REPLACE FUNCTION pm_tokens(value text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $pm$
BEGIN
    IF octet_length(value) = char_length(value) THEN
        RETURN array_remove(regexp_split_to_array(lower(value), '[^0-9a-z]+'), '');
    END IF;
    RETURN (
        SELECT coalesce(array_agg(part ORDER BY place, step) FILTER (WHERE part <> ''), '{}')
        FROM unnest(regexp_split_to_array(value, '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+'))
            WITH ORDINALITY AS w(word, place),
        unnest(
            CASE WHEN octet_length(word) = char_length(word) THEN ARRAY[lower(word)]
            ELSE regexp_split_to_array(translate(word, {plain_from}, {plain_to}), {separators}) END
        ) WITH ORDINALITY AS p(part, step)
    );
END $pm$;

-- What the index holds of an entity. Places keep phrases within one of its texts; PostgreSQL counts them to 16383.
CREATE OR REPLACE FUNCTION pm_words(key text, title text, body text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $pm$
BEGIN
    RETURN (
        SELECT coalesce(string_agg(left(word, 500) || ':' || place || weight, ' '), '')::tsvector FROM (
            SELECT word, least(place, 400) AS place, 'A' AS weight
            FROM unnest(pm_tokens(key)) WITH ORDINALITY AS k(word, place)
            UNION ALL
            SELECT word, least(500 + place, 1400), 'B' FROM unnest(pm_tokens(title)) WITH ORDINALITY AS t(word, place)
            UNION ALL
            SELECT word, least(1500 + place, 16383), 'D'
            FROM unnest(pm_tokens(left(body, 150000))) WITH ORDINALITY AS b(word, place)
        ) words
    );
END $pm$;

-- The query for texts with all phrases, the last of which may go on. `weight` limits it to one of the texts, and
-- `less` leaves out those that have all phrases in that one.
CREATE OR REPLACE FUNCTION pm_query_of(phrases json, is_prefix boolean, weight text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $pm$
BEGIN
    RETURN (
        SELECT coalesce(string_agg('(' || phrase || ')', ' & '), '')::tsquery FROM (
            SELECT string_agg(
                left(word, 500) || ':' || weight || CASE
                    WHEN is_prefix AND number = json_array_length(phrases) AND place = cardinality(words) THEN '*'
                    ELSE '' END,
                ' <-> ' ORDER BY place) AS phrase
            FROM (
                SELECT number, pm_tokens(phrase) AS words
                FROM json_array_elements_text(phrases) WITH ORDINALITY AS p(phrase, number)
            ) split, unnest(words) WITH ORDINALITY AS w(word, place)
            GROUP BY number
        ) found
    );
END $pm$;

CREATE OR REPLACE FUNCTION pm_query(asked json) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $pm$
DECLARE
    found tsquery := pm_query_of(asked -> 'phrases', (asked -> 'is_prefix')::text = 'true', asked ->> 'weight');
BEGIN
    IF asked ->> 'less' <> '' THEN
        found := found && !!pm_query_of(asked -> 'phrases', (asked -> 'is_prefix')::text = 'true', asked ->> 'less');
    END IF;
    RETURN found;
END $pm$;

-- A time or a date as SQLite stores it, which is as Python's str() returns it.
CREATE OR REPLACE FUNCTION pm_text(value timestamptz) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $pm$
    SELECT to_char(value AT TIME ZONE 'UTC', CASE WHEN date_trunc('second', value AT TIME ZONE 'UTC')
        = value AT TIME ZONE 'UTC' THEN 'YYYY-MM-DD HH24:MI:SS' ELSE 'YYYY-MM-DD HH24:MI:SS.US' END)
$pm$;

CREATE OR REPLACE FUNCTION pm_text(value date) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $pm$
    SELECT to_char(value, 'YYYY-MM-DD')
$pm$;
