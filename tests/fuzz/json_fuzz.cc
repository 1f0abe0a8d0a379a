// modules: base io data traits formats
//
// Any bytes as a JSON file: rows, bad rows or an Error, and the same rows when it is read in steps
// of one.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "formats/builtin.h"

namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

DecodeRequest make_request(const Format& format, uint8_t shape) {
  DecodeRequest request;
  request.declared = data::make_schema(
      {{"a", TypeKind::kBigint},
       {"b", TypeKind::kVarchar},
       {"c", Type::timestamp(3)},
       {"d", Type::decimal(12, 3)},
       {"e", Type::array(Type::row({{"a", TypeKind::kDouble}, {"b", TypeKind::kBoolean}}))},
       {"f", Type::map(TypeKind::kVarchar, TypeKind::kJson)}});
  for (size_t index = 0; index < 6; ++index) {
    if ((shape >> index & 1) == 0) request.columns.push_back(index);
  }
  std::vector<traits::WrittenOption> written;
  if ((shape & 0x40) != 0) written.push_back({"json.path", "$.a[*]", "", ""});
  request.null_on_error = (shape & 0x80) != 0;
  const traits::OptionTable tables[] = {format.traits().options};
  request.options = *traits::Options::parse(tables, written, "format");
  return request;
}

// What came, as text; `step` rows at a time, opened anew after every step if `reopen`.
std::string decode(const Format& format, const DecodeRequest& request, std::string_view text,
                   uint32_t step, bool reopen) {
  std::string result;
  Position position;
  while (true) {
    auto opened = format.open_file(request, "fuzz", text.size(), position);
    if (!opened) return result + opened.error().to_string();
    Decoded decoded;
    while (true) {
      const auto progress = (*opened)->decode(step, decoded);
      if (!progress) return result + progress.error().to_string();
      if (*progress == Progress::kDone) return result;
      if (*progress == Progress::kNeedsBytes) {
        for (const ByteRange& range : (*opened)->wanted()) {
          (*opened)->supply(range, Buffer::copy_of(text.substr(range.offset, range.bytes)));
        }
        continue;
      }
      result += decoded.batch.to_string();
      for (const BadRow& bad : decoded.bad) {
        result += bad.where + bad.reason;
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
  const Format& format = **all.find("json");
  const DecodeRequest request = make_request(format, bytes[0]);
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const std::string whole = decode(format, request, text, millrace::data::kBatchRowsMax, false);
  MILLRACE_ASSERT(whole == decode(format, request, text, 1, true));
  return 0;
}
