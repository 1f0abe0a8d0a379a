#include "connectors/shares.h"

#include <fmt/core.h>

#include <charconv>
#include <string_view>

namespace millrace::connectors {

std::vector<engine::Split> split_into_shares(uint32_t shares) {
  std::vector<engine::Split> splits;
  for (uint32_t share = 0; share < shares; ++share) {
    splits.push_back(
        {.name = fmt::format("{}/{}", share, shares), .identity = {}, .event_time_min = {}});
  }
  return splits;
}

Result<uint32_t> shares_of(const std::string& split_name) {
  uint32_t shares = 0;
  const size_t slash = split_name.find('/');
  const char* end = split_name.data() + split_name.size();
  const char* from = slash == std::string::npos ? end : split_name.data() + slash + 1;
  if (std::from_chars(from, end, shares).ec == std::errc() && shares > 0) return shares;
  return Error(ErrorCode::kCorruptState,
               fmt::format("'{}' is no split of a generated table", split_name));
}

Result<Share> read_share(const engine::Split& split, const engine::Position& from) {
  Share share;
  const auto read = [](std::string_view text, uint64_t& number) {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  };
  if (!read(split.name, share.index) || (!from.empty() && !read(from, share.done))) {
    return Error(ErrorCode::kInternal,
                 fmt::format("'{}' is no position of split '{}'", from, split.name));
  }
  return share;
}

}  // namespace millrace::connectors
