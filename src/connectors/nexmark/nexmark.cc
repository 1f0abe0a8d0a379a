#include "connectors/nexmark/nexmark.h"

#include <fmt/core.h>

#include "connectors/nexmark/nexmark_generator.h"
#include "connectors/shares.h"

namespace millrace::connectors {
namespace {

using traits::OptionType;

// Events that one split makes in a row; block b belongs to split b mod splits.
constexpr uint64_t kBlockEvents = 4'000;

constexpr traits::OptionSpec kOptions[] = {
    {.name = "events.num",
     .type = OptionType::kInteger,
     .default_value = "0",
     .min = 0,
     .documentation = "How many events; 0: endless."},
    {.name = "first-event.rate",
     .type = OptionType::kInteger,
     .min = 1,
     .documentation =
         "Events per second of event time in the first half of every 10 minutes of it; "
         "without it next-event.rate."},
    {.name = "next-event.rate",
     .type = OptionType::kInteger,
     .default_value = "10000000",
     .min = 1,
     .documentation = "Events per second of event time."},
    {.name = "rate",
     .type = OptionType::kReal,
     .default_value = "0",
     .min = 0,
     .documentation = "Events per second of wall clock at the most; 0: as fast as they are taken."},
    {.name = "pace",
     .type = OptionType::kChoice,
     .default_value = "free",
     .choices = "free|event-time",
     .documentation = "event-time: an event comes when the clock has reached its time, or as soon "
                      "after that as it is taken."},
    {.name = "person.proportion",
     .type = OptionType::kInteger,
     .default_value = "1",
     .min = 0,
     .documentation = "People among the events."},
    {.name = "auction.proportion",
     .type = OptionType::kInteger,
     .default_value = "3",
     .min = 0,
     .documentation = "Auctions among the events."},
    {.name = "bid.proportion",
     .type = OptionType::kInteger,
     .default_value = "46",
     .min = 1,
     .documentation = "Bids among the events."},
    {.name = "seed",
     .type = OptionType::kInteger,
     .default_value = "0",
     .documentation = "Another seed, another stream."},
    {.name = "generate",
     .type = OptionType::kChoice,
     .default_value = "used",
     .choices = "used|all",
     .documentation = "Whether columns that no query uses are generated too, as the published "
                      "figures of the benchmark want it."},
    {.name = "base-time",
     .type = OptionType::kTimestamp,
     .default_value = "2015-07-15 00:00:00",
     .documentation = "Event time of the first event."},
};

NexmarkOptions read_options(const traits::Options& options) {
  return {.seed = options.integer("seed"),
          .base_time_us = options.timestamp_us("base-time"),
          .first_event_rate = options.integer(options.has("first-event.rate") ? "first-event.rate"
                                                                              : "next-event.rate"),
          .next_event_rate = options.integer("next-event.rate"),
          .events_num = options.integer("events.num"),
          .person_proportion = options.integer("person.proportion"),
          .auction_proportion = options.integer("auction.proportion"),
          .bid_proportion = options.integer("bid.proportion")};
}

// The columns that the table has, and whether the others are generated too.
struct Wanted {
  data::SchemaPtr schema;
  std::vector<NexmarkColumn> columns;
  bool generate_all = false;
};

data::Batch generate(const NexmarkGenerator& generator, uint64_t first, uint32_t count,
                     const Wanted& wanted) {
  if (!wanted.generate_all) {
    return generator.generate(first, count, wanted.schema, wanted.columns);
  }
  static const std::vector<NexmarkColumn> kAll = {NexmarkColumn::kEventType, NexmarkColumn::kPerson,
                                                  NexmarkColumn::kAuction, NexmarkColumn::kBid};
  const data::Batch all = generator.generate(first, count, nexmark_schema(), kAll);
  std::vector<data::ColumnPtr> columns;
  for (const NexmarkColumn column : wanted.columns) {
    columns.push_back(all.column(static_cast<size_t>(column)));
  }
  return {wanted.schema, std::move(columns), count};
}

// Pace: lets nothing of a stream come before its time. Wakes the reader that waits for that time.
//
// Threading:  confined to the reader's task; the timer runs on the I/O executor.
class Pace {
 public:
  Pace(Outside& outside, io::Wake wake)
      : outside_(outside), wake_(std::make_shared<io::Wake>(std::move(wake))) {}

  int64_t wall_us() const { return outside_.clock.wall_us(); }
  void wake_at(int64_t wall_us) {
    const io::MonotonicTime now = outside_.clock.now();
    if (timer_ > now) return;
    timer_ = now + std::max<int64_t>(1, wall_us - this->wall_us()) * io::kNsPerUs;
    outside_.io_executor.post_at(timer_, [wake = wake_] { (*wake)(); });
  }

 private:
  Outside& outside_;
  const std::shared_ptr<io::Wake> wake_;
  io::MonotonicTime timer_;  // that is set
};

// One share of the blocks. A position is the number of events of the share that are done.
class NexmarkReader final : public engine::SplitReader {
 public:
  NexmarkReader(std::shared_ptr<const NexmarkGenerator> generator,
                std::shared_ptr<const Wanted> wanted, Share share, uint64_t shares,
                std::optional<Pace> pace)
      : generator_(std::move(generator)),
        wanted_(std::move(wanted)),
        share_(share.index),
        shares_(shares),
        pace_(std::move(pace)),
        done_(share.done) {}

  Result<engine::Step> poll(uint32_t rows_max, engine::Emit& emit) override {
    const uint64_t within = done_ % kBlockEvents;
    const uint64_t first = (done_ / kBlockEvents * shares_ + share_) * kBlockEvents + within;
    const auto total = static_cast<uint64_t>(generator_->options().events_num);
    if (total != 0 && first >= total) return engine::Step::kDone;
    uint64_t count = std::min<uint64_t>(kBlockEvents - within, rows_max);
    if (total != 0) count = std::min(count, total - first);
    if (pace_) count = generator_->due(first, count, pace_->wall_us());
    if (count == 0) {
      pace_->wake_at(generator_->event_time_us(first));
      return engine::Step::kWait;
    }
    done_ += count;
    emit.rows(generate(*generator_, first, static_cast<uint32_t>(count), *wanted_),
              std::to_string(done_), static_cast<int64_t>(first));
    return engine::Step::kAgain;
  }

 private:
  const std::shared_ptr<const NexmarkGenerator> generator_;
  const std::shared_ptr<const Wanted> wanted_;
  const uint64_t share_;
  const uint64_t shares_;
  std::optional<Pace> pace_;
  uint64_t done_;
};

class NexmarkSource final : public engine::Source {
 public:
  NexmarkSource(const SourceRequest& request, std::vector<NexmarkColumn> columns, Outside& outside)
      : generator_(std::make_shared<NexmarkGenerator>(read_options(request.options))),
        wanted_(std::make_shared<const Wanted>(
            Wanted{.schema = output_schema(request),
                   .columns = std::move(columns),
                   .generate_all = request.options.text("generate") == "all"})),
        paced_(request.options.text("pace") == "event-time"),
        shares_(request.splits_wanted),
        outside_(outside) {}

  data::SchemaPtr schema() const override { return wanted_->schema; }
  bool bounded() const override { return generator_->options().events_num != 0; }
  Result<std::vector<engine::Split>> splits() override { return split_into_shares(shares_); }
  Result<std::vector<engine::Split>> splits_again(const std::vector<std::string>& begun) override {
    shares_ = MILLRACE_TRY(shares_of(begun.front()));
    return splits();
  }
  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split& split,
                                                    const engine::Position& from,
                                                    io::Wake wake) override {
    const Share share = MILLRACE_TRY(read_share(split, from));
    std::optional<Pace> pace;
    if (paced_) pace.emplace(outside_, std::move(wake));
    return std::make_unique<NexmarkReader>(generator_, wanted_, share, shares_, std::move(pace));
  }
  bool numbers_all_rows() const override { return true; }
  std::string place(const engine::Split&, int64_t row) const override {
    return fmt::format("event {}", row);
  }

 private:
  const std::shared_ptr<const NexmarkGenerator> generator_;
  const std::shared_ptr<const Wanted> wanted_;
  const bool paced_;
  uint32_t shares_;
  Outside& outside_;
};

class NexmarkConnector final : public Connector {
 public:
  const traits::ConnectorTraits& traits() const override {
    static const traits::ConnectorTraits kTraits = {
        .name = "nexmark",
        .summary = "The auction stream of the Nexmark benchmark.",
        .source = true,
        .bounded =
            [](const traits::Options& options) { return options.integer("events.num") != 0; },
        .rows_per_second = [](const traits::Options& options) { return options.real("rate"); },
        .columns = [](const traits::Options&) { return nexmark_schema(); },
        .pushdown = {.columns = true},
        .options = kOptions,
    };
    return kTraits;
  }
  Result<std::shared_ptr<engine::Source>> source(const SourceRequest& request,
                                                 Outside& outside) const override {
    std::vector<NexmarkColumn> columns;
    for (const TableColumn& column : request.columns) {
      const auto at = nexmark_schema()->find(column.field.name);
      if (!at || nexmark_schema()->field(*at).type != column.field.type) {
        return Error(ErrorCode::kInvalidDefinition,
                     fmt::format("the stream has no column '{} {}'", column.field.name,
                                 column.field.type.to_string()))
            .at(request.table)
            .remedy("Leave out the columns: the connector knows them.");
      }
      columns.push_back(static_cast<NexmarkColumn>(*at));
    }
    return std::make_shared<NexmarkSource>(request, std::move(columns), outside);
  }
};

}  // namespace

const Connector& nexmark_connector() {
  static const NexmarkConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
