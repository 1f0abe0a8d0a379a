#include "jobs/values_source.h"

#include <algorithm>
#include <charconv>

#include "data/builder.h"

namespace millrace::jobs {
namespace {

using Rows = std::vector<std::vector<data::Value>>;

class ValuesReader final : public engine::SplitReader {
 public:
  ValuesReader(data::SchemaPtr schema, const Rows& rows, size_t next)
      : schema_(std::move(schema)), rows_(rows), next_(next) {}

  Result<engine::Step> poll(uint32_t rows_max, engine::Emit& emit) override {
    if (next_ >= rows_.size()) return engine::Step::kDone;
    data::BatchBuilder builder(schema_);
    const size_t first = next_;
    const size_t end = std::min(rows_.size(), next_ + std::min(rows_max, data::kBatchRowsMax));
    for (; next_ < end; ++next_) builder.append_row(rows_[next_]);
    emit.rows(builder.finish(), std::to_string(next_), static_cast<int64_t>(first));
    return engine::Step::kAgain;
  }

 private:
  const data::SchemaPtr schema_;
  const Rows& rows_;
  size_t next_;
};

class ValuesSource final : public engine::Source {
 public:
  ValuesSource(data::SchemaPtr schema, Rows rows)
      : schema_(std::move(schema)), rows_(std::move(rows)) {}

  data::SchemaPtr schema() const override { return schema_; }
  bool bounded() const override { return true; }
  Result<std::vector<engine::Split>> splits() override {
    return std::vector<engine::Split>{{.name = "values", .identity = {}, .event_time_min = {}}};
  }
  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split&,
                                                    const engine::Position& from,
                                                    io::Wake) override {
    size_t next = 0;
    std::from_chars(from.data(), from.data() + from.size(), next);
    return std::make_unique<ValuesReader>(schema_, rows_, next);
  }

 private:
  const data::SchemaPtr schema_;
  const Rows rows_;
};

}  // namespace

std::shared_ptr<engine::Source> make_values_source(data::SchemaPtr schema,
                                                   std::vector<std::vector<data::Value>> rows) {
  return std::make_shared<ValuesSource>(std::move(schema), std::move(rows));
}

}  // namespace millrace::jobs
