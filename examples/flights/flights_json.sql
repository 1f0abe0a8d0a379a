-- Twenty thousand flights of the first half of 2001, as JSON: how late do they arrive, hour by hour?
--
--   millrace run examples/flights/flights_json.sql --data flights
--
-- Kill it and run it again: it goes on where the last committed epoch ended.

-- A JSON file as a table: one array of objects. Fields that no query needs are never converted.
CREATE TABLE flights (
  `date` TIMESTAMP(3),                -- planned departure; the file is sorted by it
  delay BIGINT,                       -- minutes, negative: early
  distance BIGINT,                    -- miles
  origin STRING,
  destination STRING,
  -- Event time is the arrival, which is out of order.
  arrival AS `date` + delay * INTERVAL '1' MINUTE,
  -- Flights come in the order of their planned departure, so an hour is over when departures are an hour
  -- past it. The few that are earlier than that are late rows: they go to a table of their own.
  WATERMARK FOR arrival AS `date` - INTERVAL '1' HOUR
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/data/flights-20k.json',
  'format' = 'json',
  'scan.rows-per-second' = '2000'     -- slowed down, so that there is something to watch
);

CREATE TABLE airports (
  iata STRING, name STRING, city STRING, state STRING, country STRING,
  latitude DOUBLE, longitude DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/data/airports.csv',
  'format' = 'csv'
);

-- A table without a connector is a durable topic of the embedded log.
CREATE TABLE airport_hours (
  origin STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3),
  flights BIGINT, late BIGINT, worst BIGINT
);
CREATE TABLE late_flights (origin STRING, arrival TIMESTAMP(6), delay BIGINT);
CREATE TABLE airport_days (
  origin STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3), flights BIGINT, delay BIGINT
);

-- Two results from one job: hours, and whole days that begin every six hours. Source positions, state
-- and both outputs of an epoch are one commit.
EXECUTE STATEMENT SET BEGIN
  INSERT INTO airport_hours
  SELECT origin, window_start, window_end,
         COUNT(*), COUNT(*) FILTER (WHERE delay > 15), MAX(delay)
  FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(arrival), INTERVAL '1' HOUR))
  GROUP BY window_start, window_end, origin
  EMIT LATE INTO late_flights;           -- what came after its hour was closed

  INSERT INTO airport_days
  SELECT origin, window_start, window_end, COUNT(*), SUM(delay)
  FROM TABLE(HOP(TABLE flights, DESCRIPTOR(arrival), INTERVAL '6' HOUR, INTERVAL '1' DAY))
  GROUP BY window_start, window_end, origin;
END;

-- The worst airports by the share of late flights, among those with many.
SELECT a.name, a.city, SUM(h.flights) AS flights,
       ROUND(100.0 * SUM(h.late) / SUM(h.flights), 1) AS late_percent
FROM airport_hours AS h JOIN airports AS a ON h.origin = a.iata
GROUP BY a.name, a.city
HAVING SUM(h.flights) > 200
ORDER BY late_percent DESC, a.name
LIMIT 10;

-- Flights that were too early for their hour: they came behind its end by the watermark.
SELECT origin, arrival, delay FROM late_flights ORDER BY arrival, origin, delay LIMIT 5;
