-- Makes the yearly partitions of the log from this year to `ahead` years on. A year of which the default partition
-- already holds events stays there: moving events is nothing to be done in passing.
CREATE FUNCTION prepare_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  year integer;
  made integer := 0;
  lower_bound timestamptz;
  upper_bound timestamptz;
BEGIN
  FOR year IN
    SELECT generate_series(y, y + ahead) FROM (SELECT extract(year FROM now() AT TIME ZONE 'UTC')::integer AS y) AS this
  LOOP
    CONTINUE WHEN to_regclass('synap.events_' || year) IS NOT NULL;
    lower_bound := make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC');
    upper_bound := make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC');
    CONTINUE WHEN EXISTS (SELECT FROM synap.events_default
                          WHERE recorded_at >= lower_bound AND recorded_at < upper_bound);
    EXECUTE format('CREATE TABLE synap.events_%s PARTITION OF synap.events FOR VALUES FROM (%L) TO (%L)',
                   year, lower_bound, upper_bound);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
REVOKE ALL ON FUNCTION prepare_partitions(integer) FROM PUBLIC;
