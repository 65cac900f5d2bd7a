/** Built-in functions that SELECT may call without changing or locking anything but its own session's settings and sequences. */
export const harmlessFunctions = new Set(
  (
    'abs age any_value array_agg array_append array_cat array_fill array_length array_position array_prepend array_remove ' +
    'array_replace array_to_json array_to_string ascii avg bit_and bit_length bit_or bool_and bool_or btrim cardinality ceil ' +
    'ceiling char_length character_length chr clock_timestamp coalesce col_description concat concat_ws convert_from ' +
    'convert_to count cume_dist current_database current_schema current_schemas current_setting current_user currval ' +
    'date_bin date_part date_trunc decode degrees dense_rank div encode enum_first enum_last enum_range every exp extract ' +
    'first_value floor format format_type gcd gen_random_uuid generate_series get_bit get_byte has_column_privilege ' +
    'has_database_privilege has_schema_privilege has_table_privilege initcap json_agg json_array_elements ' +
    'json_build_array json_build_object json_object_agg jsonb_agg jsonb_array_elements jsonb_array_elements_text ' +
    'jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_object_agg ' +
    'jsonb_object_keys jsonb_set jsonb_strip_nulls jsonb_typeof justify_days lag last_value lastval lead least left length ' +
    'ln localtime localtimestamp log lower lpad ltrim make_date make_interval make_timestamp max md5 min mod now nextval ' +
    'ntile nullif num_nonnulls num_nulls obj_description octet_length overlay pg_backend_pid pg_get_constraintdef ' +
    'pg_get_expr pg_get_indexdef pg_get_serial_sequence pg_get_viewdef pg_is_in_recovery pg_relation_size pg_size_pretty ' +
    'pg_sleep pg_table_size pg_total_relation_size pg_typeof position power quote_ident quote_literal quote_nullable ' +
    'radians random rank regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table repeat ' +
    'replace reverse right round row_number row_to_json rpad rtrim session_user set_config setseed setval sha256 sign ' +
    'split_part sqrt starts_with statement_timestamp stddev string_agg string_to_array string_to_table strpos substr ' +
    'substring sum timeofday timezone to_char to_date to_hex to_json to_jsonb to_number to_regclass to_regnamespace ' +
    'to_regproc to_regrole to_regtype to_timestamp to_tsquery to_tsvector transaction_timestamp translate trim trunc ' +
    'unnest upper uuidv4 uuidv7 variance version width_bucket'
  ).split(' '),
);
