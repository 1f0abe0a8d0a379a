#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/dataflow.h"
#include "engine/job.h"
#include "testing/collecting_sink.h"
#include "testing/memory_commit_log.h"
#include "testing/scripted_source.h"

namespace millrace::testing {

// (k BIGINT NOT NULL)
const data::SchemaPtr& key_schema();
// `batches` batches of `rows` rows with keys 0 … keys - 1 in turn.
std::vector<data::Batch> key_batches(int batches, int rows, int keys);
// "key | each" for all keys: what counting them comes to.
std::vector<std::string> key_counts(int keys, int each);

struct KeyCountingOptions {
  int batches = 40;  // per split
  int rows = 25;     // per batch
  int keys = 10;
  int splits = 4;
  MemoryLogOptions log;
};

struct KeyCountingShape {
  uint32_t source_shards = 1;
  uint32_t count_shards = 1;
};

// KeyCounting: splits of keys -> hash -> count per key -> a committed topic and the outside, on a
// log that survives the jobs that run it.
struct KeyCounting {
  explicit KeyCounting(KeyCountingOptions options = {});
  // For the next job on the same input and log.
  engine::Dataflow dataflow(KeyCountingShape shape = {});
  // The table that the committed changelog comes to.
  std::vector<std::string> committed() const;
  // What it comes to when all is read.
  std::vector<std::string> expected() const;

  KeyCountingOptions options;
  MemoryCommitLog log;
  commit::PartitionId out;
  std::shared_ptr<Collected> outside = std::make_shared<Collected>();
  std::shared_ptr<ScriptedSource> source;
};

engine::SourceSpec source_spec(std::string id, std::shared_ptr<engine::Source> source);
engine::PerShard<engine::Operator> count_by_key();

}  // namespace millrace::testing
