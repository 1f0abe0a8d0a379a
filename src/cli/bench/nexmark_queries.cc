#include "cli/bench/nexmark_queries.h"

#include <fmt/core.h>

#include "data/value.h"

namespace millrace::cli {
namespace {

constexpr NexmarkQuery kQueries[] = {
    {"generate", "only the stream, which is dropped", "event_type INT",
     "SELECT event_type FROM events WHERE event_type < 0"},
    {"q0", "every bid as it is",
     "auction BIGINT, bidder BIGINT, price BIGINT, dateTime TIMESTAMP(3), extra STRING",
     "SELECT auction, bidder, price, dateTime, extra FROM bid"},
    {"q1", "bids with the price in another currency",
     "auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), dateTime TIMESTAMP(3), extra STRING",
     "SELECT auction, bidder, 0.908 * price, dateTime, extra FROM bid"},
    {"q2", "bids for every 123rd auction", "auction BIGINT, price BIGINT",
     "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"},
    {"q3", "who sells in three states in category 10",
     "name STRING, city STRING, state STRING, id BIGINT",
     "SELECT P.name, P.city, P.state, A.id FROM auction AS A JOIN person AS P ON A.seller = P.id\n"
     "WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA')"},
    {"q4", "the average closing price of each category", "category BIGINT, final BIGINT",
     "SELECT category, AVG(final) FROM (\n"
     "  SELECT MAX(B.price) AS final, A.category AS category FROM auction AS A JOIN bid AS B\n"
     "  ON A.id = B.auction WHERE B.dateTime BETWEEN A.dateTime AND A.expires\n"
     "  GROUP BY A.id, A.category) AS closing GROUP BY category"},
    {"q5", "the hottest auctions of each hop", "auction BIGINT, num BIGINT",
     "WITH hops AS (\n"
     "  SELECT auction, COUNT(*) AS num, window_start, window_end FROM TABLE(HOP(TABLE bid,\n"
     "    DESCRIPTOR(dateTime), INTERVAL '2' SECOND, INTERVAL '10' SECOND))\n"
     "  GROUP BY auction, window_start, window_end)\n"
     "SELECT h.auction, h.num FROM hops AS h JOIN (\n"
     "  SELECT MAX(num) AS most, window_start, window_end FROM hops\n"
     "  GROUP BY window_start, window_end) AS best\n"
     "ON h.window_start = best.window_start AND h.window_end = best.window_end\n"
     "  AND h.num = best.most"},
    {"q5count", "the count per auction and hop that q5 begins with",
     "auction BIGINT, num BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)",
     "SELECT auction, COUNT(*), window_start, window_end FROM TABLE(HOP(TABLE bid,\n"
     "  DESCRIPTOR(dateTime), INTERVAL '2' SECOND, INTERVAL '10' SECOND))\n"
     "GROUP BY auction, window_start, window_end"},
    {"q7", "the highest bids of each ten seconds",
     "auction BIGINT, price BIGINT, bidder BIGINT, dateTime TIMESTAMP(3), extra STRING",
     "SELECT B.auction, B.price, B.bidder, B.dateTime, B.extra FROM bid AS B JOIN (\n"
     "  SELECT MAX(price) AS most, window_start, window_end FROM TABLE(TUMBLE(TABLE bid,\n"
     "    DESCRIPTOR(dateTime), INTERVAL '10' SECOND)) GROUP BY window_start, window_end) AS W\n"
     "ON B.price = W.most AND B.dateTime BETWEEN W.window_start AND W.window_end"},
    {"q7max", "the window maximum that q7 begins with",
     "most BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)",
     "SELECT MAX(price), window_start, window_end FROM TABLE(TUMBLE(TABLE bid,\n"
     "  DESCRIPTOR(dateTime), INTERVAL '10' SECOND)) GROUP BY window_start, window_end"},
    {"q8", "who registered and sold in the same ten seconds",
     "id BIGINT, name STRING, starttime TIMESTAMP(3)",
     "SELECT P.id, P.name, P.window_start FROM (\n"
     "  SELECT id, name, window_start, window_end FROM TABLE(TUMBLE(TABLE person,\n"
     "    DESCRIPTOR(dateTime), INTERVAL '10' SECOND))\n"
     "  GROUP BY id, name, window_start, window_end) AS P JOIN (\n"
     "  SELECT seller, window_start, window_end FROM TABLE(TUMBLE(TABLE auction,\n"
     "    DESCRIPTOR(dateTime), INTERVAL '10' SECOND))\n"
     "  GROUP BY seller, window_start, window_end) AS A\n"
     "ON P.id = A.seller AND P.window_start = A.window_start AND P.window_end = A.window_end"},
    {"q14", "bids of a middling price, with the time of day and how often 'c' is in extra",
     "auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), bidTimeType STRING,\n"
     "  dateTime TIMESTAMP(3), extra STRING, c_counts BIGINT",
     "SELECT auction, bidder, 0.908 * price,\n"
     "  CASE WHEN HOUR(dateTime) >= 8 AND HOUR(dateTime) <= 18 THEN 'dayTime'\n"
     "       WHEN HOUR(dateTime) <= 6 OR HOUR(dateTime) >= 20 THEN 'nightTime'\n"
     "       ELSE 'otherTime' END,\n"
     "  dateTime, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', ''))\n"
     "FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000"},
    {"q15", "bids, bidders and auctions of each day, in three ranks of price",
     "day STRING, total_bids BIGINT, rank1_bids BIGINT, rank2_bids BIGINT, rank3_bids BIGINT,\n"
     "  total_bidders BIGINT, rank1_bidders BIGINT, rank2_bidders BIGINT, rank3_bidders BIGINT,\n"
     "  total_auctions BIGINT, rank1_auctions BIGINT, rank2_auctions BIGINT,\n"
     "  rank3_auctions BIGINT",
     "SELECT DATE_FORMAT(dateTime, 'yyyy-MM-dd'), COUNT(*),\n"
     "  COUNT(*) FILTER (WHERE price < 10000),\n"
     "  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000),\n"
     "  COUNT(*) FILTER (WHERE price >= 1000000),\n"
     "  COUNT(DISTINCT bidder),\n"
     "  COUNT(DISTINCT bidder) FILTER (WHERE price < 10000),\n"
     "  COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000),\n"
     "  COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000),\n"
     "  COUNT(DISTINCT auction),\n"
     "  COUNT(DISTINCT auction) FILTER (WHERE price < 10000),\n"
     "  COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000),\n"
     "  COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000)\n"
     "FROM bid GROUP BY DATE_FORMAT(dateTime, 'yyyy-MM-dd')"},
    {"q17", "bids of each auction and day: how many in each rank, least, most, average and sum",
     "auction BIGINT, day STRING, total_bids BIGINT, rank1_bids BIGINT, rank2_bids BIGINT,\n"
     "  rank3_bids BIGINT, min_price BIGINT, max_price BIGINT, avg_price BIGINT,\n"
     "  sum_price BIGINT",
     "SELECT auction, DATE_FORMAT(dateTime, 'yyyy-MM-dd'), COUNT(*),\n"
     "  COUNT(*) FILTER (WHERE price < 10000),\n"
     "  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000),\n"
     "  COUNT(*) FILTER (WHERE price >= 1000000),\n"
     "  MIN(price), MAX(price), AVG(price), SUM(price)\n"
     "FROM bid GROUP BY auction, DATE_FORMAT(dateTime, 'yyyy-MM-dd')"},
    {"q20", "bids for auctions of category 10",
     "auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING,\n"
     "  dateTime TIMESTAMP(3), extra STRING, itemName STRING, description STRING,\n"
     "  initialBid BIGINT, reserve BIGINT, opened TIMESTAMP(3), expires TIMESTAMP(3),\n"
     "  seller BIGINT, category BIGINT, auction_extra STRING",
     "SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.dateTime, B.extra, A.itemName,\n"
     "  A.description, A.initialBid, A.reserve, A.dateTime, A.expires, A.seller, A.category,\n"
     "  A.extra\n"
     "FROM bid AS B JOIN auction AS A ON B.auction = A.id WHERE A.category = 10"},
    {"q21", "the channel's id, from its name or the URL",
     "auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, channel_id STRING",
     "SELECT auction, bidder, price, channel, channel_id FROM (\n"
     "  SELECT auction, bidder, price, channel,\n"
     "    CASE WHEN LOWER(channel) = 'apple' THEN '0' WHEN LOWER(channel) = 'google' THEN '1'\n"
     "         WHEN LOWER(channel) = 'facebook' THEN '2' WHEN LOWER(channel) = 'baidu' THEN '3'\n"
     "         ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id\n"
     "  FROM bid) AS named WHERE channel_id IS NOT NULL"},
    {"q22", "three parts of the URL",
     "auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, dir1 STRING, dir2 STRING,\n"
     "  dir3 STRING",
     "SELECT auction, bidder, price, channel, SPLIT_INDEX(url, '/', 3),\n"
     "  SPLIT_INDEX(url, '/', 4), SPLIT_INDEX(url, '/', 5) FROM bid"},
    {"q23", "bids with the bidder, and the auctions that the bidder sells",
     "auction BIGINT, bidder BIGINT, price BIGINT, name STRING, sells BIGINT",
     "SELECT B.auction, B.bidder, B.price, P.name, A.id FROM bid AS B\n"
     "  JOIN person AS P ON B.bidder = P.id JOIN auction AS A ON A.seller = B.bidder"},
};

constexpr std::string_view kTables = R"(SET 'sql.dialect' = 'flink';
CREATE TABLE events (
  dateTime AS CASE WHEN event_type = 0 THEN person.dateTime
                   WHEN event_type = 1 THEN auction.dateTime ELSE bid.dateTime END,
  WATERMARK FOR dateTime AS dateTime - INTERVAL '{}' SECOND
) WITH (
  'connector' = 'nexmark', 'events.num' = '{}', 'next-event.rate' = '{}', 'generate' = '{}'{}
);
CREATE VIEW person AS SELECT person.id, person.name, person.emailAddress, person.creditCard,
  person.city, person.state, dateTime, person.extra FROM events WHERE event_type = 0;
CREATE VIEW auction AS SELECT auction.id, auction.itemName, auction.description,
  auction.initialBid, auction.reserve, dateTime, auction.expires, auction.seller,
  auction.category, auction.extra FROM events WHERE event_type = 1;
CREATE VIEW bid AS SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, dateTime,
  bid.extra FROM events WHERE event_type = 2;
)";

}  // namespace

std::span<const NexmarkQuery> nexmark_queries() {
  return kQueries;
}

std::string nexmark_script(const NexmarkQuery& query, const NexmarkStream& stream) {
  std::string pace;
  if (stream.happens_from_us) {
    pace = fmt::format(
        ",\n  'pace' = 'event-time', 'base-time' = '{}'",
        data::to_string(data::Value(*stream.happens_from_us), data::Type::timestamp(3)));
  }
  std::string script =
      fmt::format(fmt::runtime(kTables), kNexmarkWatermarkDelaySeconds, stream.events, stream.rate,
                  stream.pushdown ? "used" : "all", pace);
  script += fmt::format("CREATE TABLE sink (\n  {}\n) WITH ('connector' = 'blackhole');\n",
                        query.columns);
  script += fmt::format("INSERT INTO sink\n{};\n", query.query);
  return script;
}

}  // namespace millrace::cli
