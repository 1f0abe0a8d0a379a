#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "formats/format.h"

// Decoding whole texts in tests of formats.
namespace millrace::formats {

inline DecodeRequest make_request(const Format& format, std::vector<data::Field> fields,
                                  std::vector<std::pair<std::string, std::string>> options) {
  DecodeRequest request;
  for (size_t index = 0; index < fields.size(); ++index) request.columns.push_back(index);
  request.declared = data::make_schema(std::move(fields));
  std::vector<traits::WrittenOption> written;
  for (auto& [name, value] : options) written.push_back({name, value, "", ""});
  const traits::OptionTable tables[] = {format.traits().options};
  auto parsed = traits::Options::parse(tables, written, "format");
  EXPECT_TRUE(parsed) << parsed.error().to_string();
  if (parsed) request.options = std::move(*parsed);
  return request;
}

// Adds what one step of a decoder gave: "#number (row)" and "!where offset raw code: reason" a
// line.
inline void describe(const Decoded& decoded, std::string& to) {
  for (uint32_t row = 0; row < decoded.batch.rows(); ++row) {
    const std::string line = decoded.batch.slice(row, 1).to_string();
    to += "#" + std::to_string(decoded.first_row + row) + " " + line.substr(3);
  }
  for (const BadRow& bad : decoded.bad) {
    to += "!" + bad.where + " " + std::to_string(bad.offset) + " " + bad.raw + " " +
          std::string(error_info(bad.code).name) + ": " + bad.reason + "\n";
  }
}

// Drives a decoder over `text` from `from` on; stops after `steps` steps. The error, if there is
// one.
inline std::string decode_steps(const Format& format, const DecodeRequest& request,
                                std::string_view text, Position& from, int steps,
                                uint32_t rows_max) {
  auto opened = format.open_file(request, "file", text.size(), from);
  if (!opened) return opened.error().to_string();
  FileDecoder& decoder = **opened;
  std::string result;
  Decoded decoded;
  while (steps > 0) {
    const auto progress = decoder.decode(rows_max, decoded);
    if (!progress) return result + progress.error().to_string();
    if (*progress == Progress::kDone) {
      from = "done";
      break;
    }
    if (*progress == Progress::kNeedsBytes) {
      const std::vector<ByteRange> ranges = decoder.wanted();
      EXPECT_FALSE(ranges.empty());
      for (const ByteRange& range : ranges) {
        decoder.supply(range, Buffer::copy_of(text.substr(range.offset, range.bytes)));
      }
      continue;
    }
    describe(decoded, result);
    from = decoded.behind;
    --steps;
    if (!format.traits().records) continue;
    for (const BadRow& bad : decoded.bad)
      EXPECT_EQ(text.substr(bad.offset, bad.raw.size()), bad.raw);
  }
  return result;
}

// All of `text`; checks that stopping after every step and going on from its position changes
// nothing.
inline std::string decode_all(const Format& format, const DecodeRequest& request,
                              std::string_view text) {
  Position start;
  const std::string whole =
      decode_steps(format, request, text, start, 1 << 30, data::kBatchRowsMax);
  if (text.size() > 10'000) return whole;
  std::string pieces;
  for (Position from; from != "done" && pieces.size() <= whole.size();) {
    const Position before = from;
    pieces += decode_steps(format, request, text, from, 1, 1);
    if (from == before) break;
  }
  EXPECT_EQ(pieces, whole);
  return whole;
}

}  // namespace millrace::formats
