#include "connectors/datagen/datagen.h"

#include <fmt/core.h>

#include <algorithm>

#include "connectors/datagen/field_generator.h"
#include "connectors/shares.h"

namespace millrace::connectors {
namespace {

using traits::OptionType;

constexpr traits::OptionSpec kOptions[] = {
    {.name = "rows-per-second",
     .type = OptionType::kInteger,
     .default_value = "10000",
     .min = 1,
     .documentation = "Rows per second, of the wall clock and of the times in the rows."},
    {.name = "number-of-rows",
     .type = OptionType::kInteger,
     .min = 0,
     .documentation = "How many rows; without it endless, unless a sequence ends."},
    {.name = "seed",
     .type = OptionType::kInteger,
     .default_value = "0",
     .documentation = "Another seed, other rows."},
    {.name = "base-time",
     .type = OptionType::kTimestamp,
     .default_value = "2024-01-01 00:00:00",
     .documentation = "When the first row happens; each is 1 / rows-per-second later."},
    {.name = "fields.*",
     .documentation =
         "'fields.c.kind' = 'random' (default) or 'sequence'; 'fields.c.min', '.max' of random "
         "numbers; '.start', '.end' of a sequence; '.length', '.var-len' of texts; '.length' of "
         "arrays and maps; '.max-past' of times; '.null-rate'. Members of rows are 'c.member', "
         "elements 'c.element', 'c.key', 'c.value'."},
};

bool is_bounded(const traits::Options& options) {
  if (options.has("number-of-rows")) return true;
  const auto fields = options.family("fields.");
  return std::ranges::any_of(fields, [](const auto& option) {
    return option.first.ends_with(".kind") && option.second == "sequence";
  });
}

double rows_per_second(const traits::Options& options) {
  return static_cast<double>(options.integer("rows-per-second"));
}

// What all readers of a table share.
struct Generator {
  data::SchemaPtr schema;
  std::vector<std::shared_ptr<const FieldGenerator>> columns;
  uint64_t rows = FieldGenerator::kEndless;
  // Rows that a split makes in a row; block b belongs to split b mod splits. At low rates few, so
  // that the splits' times keep together.
  uint64_t block_rows = 1;
};

// One share of the blocks. A position is the number of the share's rows that are done.
class DatagenReader final : public engine::SplitReader {
 public:
  DatagenReader(std::shared_ptr<const Generator> generator, uint64_t share, uint64_t shares,
                uint64_t done)
      : generator_(std::move(generator)),
        share_(share),
        shares_(shares),
        done_(done),
        builder_(generator_->schema) {}

  Result<engine::Step> poll(uint32_t rows_max, engine::Emit& emit) override {
    const uint64_t block = done_ / generator_->block_rows;
    const uint64_t within = done_ % generator_->block_rows;
    const uint64_t first = (block * shares_ + share_) * generator_->block_rows + within;
    if (first >= generator_->rows) return engine::Step::kDone;
    const auto count = static_cast<uint32_t>(
        std::min({uint64_t{rows_max}, uint64_t{data::kBatchRowsMax},
                  generator_->block_rows - within, generator_->rows - first}));
    for (size_t at = 0; at < generator_->columns.size(); ++at) {
      generator_->columns[at]->append(first, count, builder_.column(at));
    }
    builder_.end_rows(count);
    done_ += count;
    emit.rows(builder_.finish(), std::to_string(done_), static_cast<int64_t>(first));
    return engine::Step::kAgain;
  }

 private:
  const std::shared_ptr<const Generator> generator_;
  const uint64_t share_;
  const uint64_t shares_;
  uint64_t done_;
  data::BatchBuilder builder_;
};

class DatagenSource final : public engine::Source {
 public:
  DatagenSource(std::shared_ptr<const Generator> generator, uint32_t shares)
      : generator_(std::move(generator)), shares_(shares) {}

  data::SchemaPtr schema() const override { return generator_->schema; }
  bool bounded() const override { return generator_->rows != FieldGenerator::kEndless; }
  Result<std::vector<engine::Split>> splits() override { return split_into_shares(shares_); }
  Result<std::vector<engine::Split>> splits_again(const std::vector<std::string>& begun) override {
    shares_ = MILLRACE_TRY(shares_of(begun.front()));
    return splits();
  }
  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split& split,
                                                    const engine::Position& from,
                                                    io::Wake) override {
    const Share share = MILLRACE_TRY(read_share(split, from));
    return std::make_unique<DatagenReader>(generator_, share.index, shares_, share.done);
  }
  bool numbers_all_rows() const override { return true; }
  std::string place(const engine::Split&, int64_t row) const override {
    return fmt::format("row {}", row);
  }

 private:
  const std::shared_ptr<const Generator> generator_;
  uint32_t shares_;
};

Result<std::shared_ptr<const Generator>> make_generator(const SourceRequest& request) {
  constexpr uint64_t kBlockRowsMax = 1'000;
  constexpr uint64_t kBlocksPerSecond = 100;
  const traits::Options& options = request.options;
  const auto seed = static_cast<uint64_t>(options.integer("seed"));
  const DatagenClock clock{.base_time_us = options.timestamp_us("base-time"),
                           .rows_per_second = options.integer("rows-per-second")};
  auto made = std::make_shared<Generator>();
  FieldOptions fields(options.family("fields."));
  std::vector<std::shared_ptr<const FieldGenerator>> declared;
  const data::SchemaPtr schema = request.declared;
  for (const data::Field& field : schema->fields()) {
    declared.push_back(
        MILLRACE_TRY(make_field_generator(field.type, field.name, seed, clock, fields)));
    made->rows = std::min(made->rows, declared.back()->rows());
  }
  MILLRACE_TRY(fields.all_taken());
  if (options.has("number-of-rows")) {
    made->rows = std::min(made->rows, static_cast<uint64_t>(options.integer("number-of-rows")));
  }
  made->schema = output_schema(request);
  for (const TableColumn& column : request.columns) {
    made->columns.push_back(declared[request.declared->find(column.field.name).value()]);
  }
  made->block_rows = std::clamp(static_cast<uint64_t>(clock.rows_per_second) / kBlocksPerSecond,
                                uint64_t{1}, kBlockRowsMax);
  return made;
}

class DatagenConnector final : public Connector {
 public:
  const traits::ConnectorTraits& traits() const override {
    static const traits::ConnectorTraits kTraits = {
        .name = "datagen",
        .summary = "Rows made up from a seed, for trying things out.",
        .source = true,
        .bounded = is_bounded,
        .rows_per_second = rows_per_second,
        .pushdown = {.columns = true},
        .options = kOptions,
    };
    return kTraits;
  }
  Result<std::shared_ptr<engine::Source>> source(const SourceRequest& request,
                                                 Outside&) const override {
    auto generator = make_generator(request);
    if (!generator) return Error(generator.error()).at(request.table);
    return std::make_shared<DatagenSource>(std::move(*generator), request.splits_wanted);
  }
};

}  // namespace

const Connector& datagen_connector() {
  static const DatagenConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
