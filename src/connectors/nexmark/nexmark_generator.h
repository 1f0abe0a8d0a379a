#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_account.h"
#include "data/batch.h"

namespace millrace::connectors {

inline constexpr uint64_t kNexmarkRatePeriodSeconds = 600;

struct NexmarkOptions {
  int64_t seed = 0;
  int64_t base_time_us = 1'436'918'400'000'000;  // 2015-07-15 00:00:00 UTC
  // Events per second of event time: in the first half of every kNexmarkRatePeriodSeconds, in the
  // second.
  int64_t first_event_rate = 10'000'000;
  int64_t next_event_rate = 10'000'000;
  int64_t events_num = 0;  // 0: endless
  int64_t person_proportion = 1;
  int64_t auction_proportion = 3;
  int64_t bid_proportion = 46;
};

// The four columns of the table, in order: event_type, person, auction, bid.
enum class NexmarkColumn : uint8_t { kEventType, kPerson, kAuction, kBid };
data::SchemaPtr nexmark_schema();

// NexmarkGenerator: the auction stream of the benchmark as a pure function of (seed, event number):
// any event can be made alone, so splits, restarts and replays give the same stream.
//
// Every draw is a stateless mix of (seed, event number, field); distributions and record sizes are
// those of docs/reference/nexmark.md.
//
// Threading:  immutable once made; shared by all readers of a table.
class NexmarkGenerator {
 public:
  explicit NexmarkGenerator(const NexmarkOptions& options);

  // Events [first, first + count) as rows with the columns asked for; count <= kBatchRowsMax.
  data::Batch generate(uint64_t first, uint32_t count, const data::SchemaPtr& schema,
                       const std::vector<NexmarkColumn>& columns) const;

  const NexmarkOptions& options() const { return options_; }
  // Event time of event `number`, µs, in whole milliseconds.
  int64_t event_time_us(uint64_t number) const;
  // How many of the events [first, first + count) have a time up to `wall_us`.
  uint64_t due(uint64_t first, uint64_t count, int64_t wall_us) const;

 private:
  struct Rows;  // which rows of a batch are of which kind
  enum class Kind : uint8_t { kPerson, kAuction, kBid };

  Kind kind_of(uint64_t number) const;
  uint64_t mix(uint64_t number, uint64_t field) const;
  // How many people and auctions there are up to and including event `number`.
  uint64_t people_until(uint64_t number) const;
  uint64_t auctions_until(uint64_t number) const;
  int64_t pick_person(uint64_t number, uint64_t draw, int64_t hot_offset) const;
  int64_t pick_auction(uint64_t number, uint64_t draw) const;
  int64_t price(uint64_t draw) const;
  std::string_view letters(uint64_t draw, uint32_t length) const;
  // Letters that bring a record of `bytes` to about `target`: what is missing, ± 20 %.
  std::string_view padding(uint64_t draw, uint32_t bytes, uint32_t target) const;

  data::ColumnPtr event_types(const Rows& rows) const;
  data::ColumnPtr people(const Rows& rows) const;
  data::ColumnPtr auctions(const Rows& rows) const;
  data::ColumnPtr bids(const Rows& rows) const;

  const NexmarkOptions options_;
  const uint64_t period_;
  std::string letters_;
  std::vector<std::string> channels_;  // the four hot ones, then the others
  std::vector<std::string> urls_;      // of each channel
  std::vector<double> price_high_;     // 10^(6 u) * 100 by the upper 12 bits of u
  std::vector<double> price_low_;      // and the lower 12
};

}  // namespace millrace::connectors
