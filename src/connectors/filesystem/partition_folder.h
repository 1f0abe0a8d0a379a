#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/column.h"

namespace millrace::connectors {

// Folders of PARTITIONED BY: "day=2024-02-29/city=Z%C3%BCrich", a level per column. What cannot
// stand in a name is written %XX; NULL and the empty text are kNoValueFolder.
inline constexpr std::string_view kNoValueFolder = "__DEFAULT_PARTITION__";

// "name=value" for row `row` of `column`.
std::string partition_folder(std::string_view name, const data::Column& column, uint32_t row);

// The text that the folder "name=…" in `path` stands for; empty text: NULL; nothing: there is none.
std::optional<std::string> partition_text(std::string_view path, std::string_view name);

}  // namespace millrace::connectors
