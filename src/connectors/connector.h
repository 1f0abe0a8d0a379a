#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commit/commit_log.h"
#include "connectors/forward/target.h"
#include "data/predicate.h"
#include "data/schema.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "formats/format.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "traits/connector_traits.h"

namespace millrace::connectors {

// What connectors may use of the world. References outlive every source and sink.
struct Outside {
  io::Clock& clock;
  io::FileSystem& files;
  commit::CommitLog& log;
  io::Threads& threads;
  // Where files are read and the log answers; never a worker.
  io::Executor& io_executor;
  // Takes whole lines for the user's screen; synchronised inside.
  std::function<void(std::string_view)> print;
};

// One column that a scan wants, or that arrives at a sink.
struct TableColumn {
  data::Field field;
  std::string metadata_key;  // empty: a column of the payload
};

// A table to read, as the planner asks for it.
struct SourceRequest {
  std::string table;
  std::string topic;  // of a table of the log
  const traits::Options& options;
  const formats::Format* format = nullptr;        // null: the connector needs none
  data::SchemaPtr declared;                       // the table's physical columns
  std::vector<TableColumn> columns;               // what the reader emits, in this order
  std::vector<data::SimplePredicate> predicates;  // over `declared`; for skipping only
  bool null_on_error = false;                     // 'on-error' = 'null'
  bool until_now = false;  // a topic: end at what is there when reading begins
  // The newest row of a key counts (a topic with a primary key): columns of `declared`.
  std::vector<uint32_t> upsert_key;
  uint32_t splits_wanted = 1;  // how many shards will read
  std::vector<std::string> partitioned_by;
};

// A table to write.
struct SinkRequest {
  std::string table;
  std::string topic;
  const traits::Options& options;
  const formats::Format* format = nullptr;
  std::vector<TableColumn> columns;   // what arrives, in this order
  std::vector<uint32_t> primary_key;  // indices into columns; empty: rows are appended
  uint32_t shard = 0;
  uint32_t shards = 1;
  data::SchemaPtr declared;  // the table's physical columns
  std::vector<std::string> partitioned_by;
  // Of a forwarded table: names the outbox whose positions the target keeps, in all the world.
  std::string outbox_id;
};

// Connector: one kind of table outside: what it can do (traits), and how to read and write one.
//
// Threading:  immutable; called from the job's coordinator.
// Ownership:  lives as long as the program.
// Failure:    an option, file or topic that cannot be used, with its remedy.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual const traits::ConnectorTraits& traits() const = 0;
  // REQUIRES: traits().source.
  virtual Result<std::shared_ptr<engine::Source>> source(const SourceRequest& request,
                                                         Outside& outside) const;
  // REQUIRES: traits().sink takes something and is not forwarded.
  virtual Result<std::unique_ptr<engine::Sink>> sink(const SinkRequest& request,
                                                     Outside& outside) const;
  // REQUIRES: traits().sink.forwarded. `request` is of all shards together.
  virtual Result<std::unique_ptr<Target>> target(const SinkRequest& request,
                                                 Outside& outside) const;
};

// The schema of what a request's reader emits.
data::SchemaPtr output_schema(const SourceRequest& request);
data::SchemaPtr input_schema(const SinkRequest& request);
// Where a declared column is among those that arrive at a sink; nothing: the INSERT does not name
// it, and it is NULL.
std::optional<uint32_t> arriving(const SinkRequest& request, std::string_view column);

}  // namespace millrace::connectors
