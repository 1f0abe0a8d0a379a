#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/source.h"

namespace millrace::connectors {

// A generated stream, dealt out to `shares` splits named "0/4" to "3/4"; a position is how many
// rows of the share are done.
std::vector<engine::Split> split_into_shares(uint32_t shares);

// How many shares there were when a share of this name was read.
Result<uint32_t> shares_of(const std::string& split_name);

struct Share {
  uint64_t index = 0;
  uint64_t done = 0;
};

// Where the reader of a split goes on; an empty position: at its beginning.
// Failure: kInternal where name or position are no numbers.
Result<Share> read_share(const engine::Split& split, const engine::Position& from);

}  // namespace millrace::connectors
