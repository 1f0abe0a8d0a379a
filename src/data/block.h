#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "data/batch.h"

namespace millrace::data {

// A block is one batch as bytes, column by column, with the fingerprint of its schema and a
// checksum (docs/formats/block.md). Dictionaries and constants stay what they are; a selection is
// applied.

// Appends the block of `batch` to `to`.
void append_block(std::string& to, const Batch& batch);

// Reads the block at the front of `from` and moves `from` past it. Columns are copied out of
// `from`.
// Failure: kCorruptState: cut short, damaged, or not of `schema`; `from` is then unchanged.
Result<Batch> take_block(std::span<const std::byte>& from, const SchemaPtr& schema);

}  // namespace millrace::data
