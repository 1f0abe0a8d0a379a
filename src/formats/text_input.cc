#include "formats/text_input.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace millrace::formats {
namespace {

constexpr int kBlocksAhead = 4;
constexpr size_t kHeadBytes = 4096;

}  // namespace

std::vector<ByteRange> TextInput::wanted() const {
  std::vector<ByteRange> ranges;
  uint64_t offset = next_;
  for (int block = 0; block < kBlocksAhead && offset < file_bytes_; ++block) {
    const uint64_t bytes = std::min(kBlockBytes, file_bytes_ - offset);
    if (!supplied_.contains(offset)) ranges.push_back({offset, bytes});
    offset += bytes;
  }
  return ranges;
}

void TextInput::supply(ByteRange range, Buffer bytes) {
  supplied_.emplace(range.offset, std::move(bytes));
}

bool TextInput::advance() {
  const auto block = supplied_.find(next_);
  if (block == supplied_.end()) return false;
  next_ += block->second.bytes();
  const std::string_view left = rest();
  if (left.empty()) {
    current_ = std::move(block->second);
  } else {
    Buffer joined = Buffer::allocate(left.size() + block->second.bytes());
    std::memcpy(joined.mutable_data(), left.data(), left.size());
    std::memcpy(joined.mutable_data() + left.size(), block->second.data(), block->second.bytes());
    current_ = std::move(joined);
  }
  used_ = 0;
  supplied_.erase(block);
  return true;
}

Position TextPosition::to_string() const {
  return fmt::format("{} {} {}", mode, offset, number);
}

Result<TextPosition> TextPosition::parse(const Position& position, uint64_t file_bytes,
                                         const std::string& name) {
  TextPosition parsed;
  const size_t space = std::min(position.find(' '), position.size());
  parsed.mode = position.substr(0, space);
  const char* at = position.data() + std::min(space + 1, position.size());
  const char* const end = position.data() + position.size();
  const auto [behind, error] = std::from_chars(at, end, parsed.offset);
  const bool has_number = error == std::errc() && behind != end;
  if (!has_number || std::from_chars(behind + 1, end, parsed.number).ec != std::errc() ||
      parsed.offset > file_bytes) {
    return Error(ErrorCode::kInputChanged,
                 fmt::format("the position '{}' does not lie in this file", position))
        .at(name);
  }
  return parsed;
}

std::string_view recognise_binary(std::string_view head) {
  using namespace std::string_view_literals;
  struct Mark {
    std::string_view bytes;
    std::string_view name;
  };
  constexpr Mark kMarks[] = {{"PAR1"sv, "a Parquet file"},
                             {"\x1f\x8b"sv, "gzip data"},
                             {"\x28\xb5\x2f\xfd"sv, "Zstandard data"},
                             {"PK\x03\x04"sv, "a ZIP archive"},
                             {"Obj\x01"sv, "an Avro file"},
                             {"ORC"sv, "an ORC file"},
                             {"ARROW1"sv, "an Arrow file"},
                             {"BZh"sv, "bzip2 data"},
                             {"\x04\x22\x4d\x18"sv, "LZ4 data"}};
  head = head.substr(0, kHeadBytes);
  // A text may begin with the letters of a mark, but it has no control characters.
  const bool has_control = std::any_of(head.begin(), head.end(), [](char c) {
    return static_cast<uint8_t>(c) < ' ' && (c < '\t' || c > '\r');
  });
  if (!has_control && !head.starts_with("\x28\xb5\x2f\xfd"sv)) return {};
  for (const Mark& mark : kMarks) {
    if (head.starts_with(mark.bytes)) return mark.name;
  }
  return head.find('\0') != std::string_view::npos ? "binary data" : std::string_view();
}

}  // namespace millrace::formats
