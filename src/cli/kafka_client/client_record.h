#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::cli {

// A record of a topic as views into bytes of somebody else. A plain value.
struct ClientRecord {
  using Header = std::pair<std::string_view, std::optional<std::string_view>>;

  std::string_view topic;
  int32_t partition = -1;  // of a record to write: -1: where its key belongs
  int64_t offset = -1;
  int64_t timestamp_ms = -1;  // of a record to write: -1: now
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<Header> headers;
};

}  // namespace millrace::cli
