// modules: base io data traits formats
//
// Any bytes as a CSV file: rows, bad rows or an Error, the same rows when it is read in steps of
// one, and what is written from the rows reads back as the same rows.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "formats/builtin.h"
#include "formats/text_input.h"

namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

DecodeRequest make_request(const Format& format, uint8_t shape) {
  DecodeRequest request;
  request.declared = data::make_schema(
      {{"a", TypeKind::kBigint}, {"b", TypeKind::kVarchar}, {"c", Type::array(TypeKind::kInt)}});
  for (size_t index = 0; index < 3; ++index) {
    if ((shape >> index & 1) == 0) request.columns.push_back(index);
  }
  std::vector<traits::WrittenOption> written;
  if ((shape & 0x08) != 0) written.push_back({"csv.header", "true", "", ""});
  if ((shape & 0x10) != 0) written.push_back({"csv.escape-character", "\\", "", ""});
  if ((shape & 0x20) != 0) written.push_back({"csv.allow-comments", "true", "", ""});
  if ((shape & 0x40) != 0) written.push_back({"csv.null-literal", "a", "", ""});
  request.null_on_error = (shape & 0x80) != 0;
  const traits::OptionTable tables[] = {format.traits().options};
  request.options = *traits::Options::parse(tables, written, "format");
  return request;
}

struct Outcome {
  std::string text;  // of rows, bad rows and the Error
  std::string rows;  // alone
  std::string encoded;
};

Outcome decode(const Format& format, const DecodeRequest& request, std::string_view text,
               uint32_t step, bool reopen) {
  Outcome outcome;
  Position position;
  const auto encoder = *format.encoder(request.output_schema(), request.options);
  EncodedRecords records;
  while (true) {
    auto opened = format.open_file(request, "fuzz", text.size(), position);
    if (!opened) {
      outcome.text += opened.error().to_string();
      return outcome;
    }
    Decoded decoded;
    while (true) {
      const auto progress = (*opened)->decode(step, decoded);
      if (!progress || *progress == Progress::kDone) {
        if (!progress) outcome.text += progress.error().to_string();
        outcome.encoded = std::string(encoder->file_header()) + records.bytes;
        return outcome;
      }
      if (*progress == Progress::kNeedsBytes) {
        for (const ByteRange& range : (*opened)->wanted()) {
          (*opened)->supply(range, Buffer::copy_of(text.substr(range.offset, range.bytes)));
        }
        continue;
      }
      outcome.text += decoded.batch.to_string();
      outcome.rows += decoded.batch.to_string();
      encoder->encode(decoded.batch, "\n", records);
      for (const BadRow& bad : decoded.bad) {
        outcome.text += bad.where + bad.reason;
        MILLRACE_ASSERT(text.substr(bad.offset, bad.raw.size()) == bad.raw);
      }
      position = decoded.behind;
      if (reopen) break;
    }
  }
}

}  // namespace
}  // namespace millrace::formats

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace millrace::formats;
  static const Formats all = builtin_formats();
  if (size == 0) return 0;
  const Format& format = **all.find("csv");
  const DecodeRequest request = make_request(format, bytes[0]);
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const Outcome whole = decode(format, request, text, millrace::data::kBatchRowsMax, false);
  MILLRACE_ASSERT(whole.text == decode(format, request, text, 1, true).text);
  // An array of one NULL and an empty one are written alike.
  if (request.columns.empty() || request.columns.back() == 2) return 0;
  if (!recognise_binary(whole.encoded).empty()) return 0;
  DecodeRequest written = request;
  written.declared = request.output_schema();
  for (size_t index = 0; index < written.columns.size(); ++index) written.columns[index] = index;
  MILLRACE_ASSERT(decode(format, written, whole.encoded, 7, false).rows == whole.rows);
  return 0;
}
