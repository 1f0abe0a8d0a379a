#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/schema.h"
#include "data/type.h"
#include "traits/option.h"

namespace millrace::traits {

// A column that a connector offers beside the payload: `c TYPE METADATA FROM 'key'`.
struct MetadataColumn {
  std::string_view key;  // 'offset'
  data::Type type;
  bool nullable = false;
  bool writable = false;  // an INSERT may set it (else the column must be VIRTUAL)
  std::string_view documentation;
};

enum class FormatUse : uint8_t {
  kNone,      // no 'format' (datagen, print)
  kOptional,  // 'format' with a default
  kRequired,
};

// Which changes a connector takes as a sink.
struct SinkTraits {
  bool inserts = false;  // +I
  // By PRIMARY KEY: the newest row of a key replaces the older one, a delete removes it.
  bool upserts = false;
  // -U, +U, -D of whole rows, key or not (print, blackhole).
  bool changes = false;
  // Rows are delivered behind the commit, by a forwarder (connectors/forward).
  bool forwarded = false;
};

// What a source may be asked to do less of. The engine filters again: skipping is only an economy.
struct PushdownTraits {
  bool columns = false;     // emits only the columns of the request
  bool predicates = false;  // skips by simple predicates (data::SimplePredicate)
};

// ConnectorTraits: what a connector can do and which options it has, as plain data: read by `plan`,
// put into the ConnectorRegistry by `node`. Immutable; static lifetime.
struct ConnectorTraits {
  std::string_view name;     // 'filesystem'
  std::string_view summary;  // one sentence

  bool source = false;
  SinkTraits sink;

  // Whether a table with these options ends by itself. Null: it never does.
  bool (*bounded)(const Options& options) = nullptr;
  // Rows per second of wall clock that the table's own options allow. Null, or 0: no limit.
  double (*rows_per_second)(const Options& options) = nullptr;
  // Can be read again from a position.
  bool rewindable = true;
  // Rows of one split come in the order in which they were written (needed by "last wins").
  bool ordered = true;
  // A table with a PRIMARY KEY is read as upserts (log, upsert-kafka): the newest row of a key
  // counts and a record without value deletes it. Reading it as a changelog needs the last row per
  // key.
  bool keyed_reads_are_upserts = false;
  // A PRIMARY KEY is needed.
  bool needs_primary_key = false;

  FormatUse format = FormatUse::kNone;
  std::string_view default_format;
  // Formats that it takes by name, "json|csv|parquet"; empty: every one.
  std::string_view formats;

  // The physical columns that such a table has whatever it declares (nexmark): declared ones must
  // be among them, with these types, in any order. Null: what the table declares.
  data::SchemaPtr (*columns)(const Options& options) = nullptr;
  std::vector<MetadataColumn> metadata;
  PushdownTraits pushdown;
  OptionTable options;
};

// Options that every table has, whatever its connector: 'connector', 'format', 'on-error',
// 'scan.*', 'watermark.*'. Static lifetime.
OptionTable table_options();

}  // namespace millrace::traits
