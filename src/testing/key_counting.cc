#include "testing/key_counting.h"

#include <algorithm>

#include "data/builder.h"
#include "testing/count_by_key.h"

namespace millrace::testing {

const data::SchemaPtr& key_schema() {
  static const data::SchemaPtr schema = schema_of("k BIGINT NOT NULL");
  return schema;
}

std::vector<data::Batch> key_batches(int batches, int rows, int keys) {
  std::vector<data::Batch> all;
  int next = 0;
  for (int batch = 0; batch < batches; ++batch) {
    data::BatchBuilder builder(key_schema());
    for (int row = 0; row < rows; ++row) builder.append_row({next++ % keys});
    all.push_back(builder.finish());
  }
  return all;
}

std::vector<std::string> key_counts(int keys, int each) {
  std::vector<std::string> lines;
  for (int key = 0; key < keys; ++key) {
    lines.push_back(std::to_string(key) + " | " + std::to_string(each));
  }
  std::ranges::sort(lines);
  return lines;
}

engine::SourceSpec source_spec(std::string id, std::shared_ptr<engine::Source> source) {
  engine::SourceSpec spec;
  spec.table = id;
  spec.id = std::move(id);
  spec.source = std::move(source);
  return spec;
}

engine::PerShard<engine::Operator> count_by_key() {
  return [](uint32_t) -> Result<std::unique_ptr<engine::Operator>> {
    return std::make_unique<CountByKey>(0);
  };
}

KeyCounting::KeyCounting(KeyCountingOptions how)
    : options(how),
      log(how.log),
      out(log.make_partition("out")),
      source(std::make_shared<ScriptedSource>(key_schema(), true)) {
  for (int split = 0; split < options.splits; ++split) {
    source->add_split({"s" + std::to_string(split), "", {}},
                      key_batches(options.batches, options.rows, options.keys));
  }
}

engine::Dataflow KeyCounting::dataflow(KeyCountingShape shape) {
  engine::Dataflow dataflow;
  engine::Pipeline scan;
  scan.name = "scan";
  scan.shards = shape.source_shards;
  scan.source = source_spec("keys", source);
  engine::Pipeline count;
  count.name = "count";
  count.shards = shape.count_shards;
  count.operators.push_back(count_by_key());
  count.state_ids = {0x100};
  count.sink = collecting_sink(out, outside);
  dataflow.pipelines.push_back(std::move(scan));
  dataflow.pipelines.push_back(std::move(count));
  dataflow.edges.push_back({0, 1, 0, engine::Routing::kHash, {0}});
  return dataflow;
}

std::vector<std::string> KeyCounting::committed() const {
  return fold(committed_lines(log, out));
}

std::vector<std::string> KeyCounting::expected() const {
  const int rows = options.batches * options.rows;
  std::vector<std::string> lines;
  for (int key = 0; key < options.keys; ++key) {
    const int each = (rows + options.keys - 1 - key) / options.keys * options.splits;
    if (each > 0) lines.push_back(std::to_string(key) + " | " + std::to_string(each));
  }
  std::ranges::sort(lines);
  return lines;
}

}  // namespace millrace::testing
