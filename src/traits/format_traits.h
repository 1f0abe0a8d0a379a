#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "traits/option.h"

namespace millrace::traits {

// FormatTraits: what a format can do and which options it has, as plain data: read by `plan`, put
// into the ConnectorRegistry by `node`. Immutable; static lifetime.
struct FormatTraits {
  std::string_view name;     // 'json'
  std::string_view summary;  // one sentence
  bool decodes = false;      // bytes -> rows
  bool encodes = false;      // rows -> bytes
  // A record is a value by itself (json, csv, raw, avro): fit for topics and for lines of a file.
  bool records = true;
  // A file is one container (parquet): fit for files only.
  bool containers = false;
  // Decoded rows carry signs (debezium-json): the table is a changelog.
  bool decodes_changes = false;
  // Materialises only the columns asked for.
  bool takes_columns = false;
  // Skips blocks by simple predicates (parquet statistics).
  bool takes_predicates = false;
  // Options, named with the format's prefix as Flink does: 'json.ignore-parse-errors'.
  OptionTable options;
};

}  // namespace millrace::traits
