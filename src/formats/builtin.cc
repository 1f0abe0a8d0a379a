#include "formats/builtin.h"

#include <fmt/core.h>

#include "base/nearest.h"
#include "formats/csv/csv_format.h"
#include "formats/json/json_format.h"
#include "formats/parquet/parquet_format.h"

namespace millrace::formats {

void Formats::add(std::unique_ptr<Format> format) {
  formats_.push_back(std::move(format));
}

Result<const Format*> Formats::find(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const std::unique_ptr<Format>& format : formats_) {
    names.push_back(format->traits().name);
    if (names.back() == name) return format.get();
  }
  return Error(ErrorCode::kUnknownFormat, fmt::format("there is no format '{}'", name))
      .remedy(nearest_remedy(name, names));
}

Formats builtin_formats() {
  Formats formats;
  formats.add(make_json_format());
  formats.add(make_csv_format());
  formats.add(make_parquet_format());
  return formats;
}

}  // namespace millrace::formats
