-- A week of earthquakes, as the U.S. Geological Survey publishes them: one GeoJSON document, newest first.
--
--   millrace run examples/earthquakes/earthquakes.sql

CREATE TABLE earthquakes (
  -- Nested objects are ROWs; fields that are not declared are skipped.
  properties ROW<mag DOUBLE, place STRING, `time` BIGINT, `type` STRING>,
  id STRING,
  happened AS CAST(TO_TIMESTAMP_LTZ(properties.`time`, 3) AS TIMESTAMP(3)),
  -- "4km W of Castaic, CA" happened in "CA".
  region AS TRIM(REGEXP_EXTRACT(properties.place, '([^,]*)$', 1)),
  WATERMARK FOR happened AS happened
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/data/earthquakes.json',
  'format' = 'json',
  'json.path' = '$.features[*]',
  -- Newest first would make all but the first row late.
  'scan.order' = 'event-time'
);

-- The busiest hours of a region.
SELECT region, window_start, COUNT(*) AS quakes, MAX(properties.mag) AS strongest
FROM TABLE(TUMBLE(TABLE earthquakes, DESCRIPTOR(happened), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, region
ORDER BY quakes DESC, window_start, region
LIMIT 10;

-- The strongest ones.
SELECT happened, properties.mag AS mag, properties.place AS place
FROM earthquakes
WHERE properties.mag >= 5
ORDER BY mag DESC, happened
LIMIT 10;
