#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "data/type.h"
#include "data/value.h"

namespace millrace::expr {

// Which types turn into which, and when. Pure functions; the rules are PostgreSQL's, on the types
// of sql.md; the table is in the README.

// Where a conversion may happen. Each includes those before it.
enum class Conversion : uint8_t {
  kImplicit,    // by itself: widening, within one family
  kAssignment,  // writing into a column: narrowing within numbers, dates and times, text
  kExplicit,    // CAST only
};

// The weakest context that converts `from` into `to`; nullopt: nothing does.
std::optional<Conversion> conversion(const data::Type& from, const data::Type& to);
inline bool converts(const data::Type& from, const data::Type& to, Conversion context) {
  const auto needed = conversion(from, to);
  return needed.has_value() && *needed <= context;
}
// Whether some value may fail to convert.
bool conversion_may_fail(const data::Type& from, const data::Type& to);

// Whether a text (or NULL) is no longer than CHAR(n) or VARCHAR(n) takes; of other types nothing is
// said.
bool text_fits(const data::Value& text, const data::Type& type);

// The type that all convert to by themselves (CASE, COALESCE, UNION, =): the widest number, the
// longest text, the finest timestamp. kNull where all are; nullopt where there is none.
std::optional<data::Type> common_type(std::span<const data::Type> types);

// The DECIMAL that holds every value of an integer type or is the DECIMAL itself. REQUIRES: one of
// them.
data::Type decimal_for(const data::Type& type);

// One value: what CAST does to it. kCastFailed, kNumericOverflow, kDatetimeOverflow as data errors.
Result<data::Value> cast_value(const data::Value& value, const data::Type& from,
                               const data::Type& to);

}  // namespace millrace::expr
