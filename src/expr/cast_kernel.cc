#include "expr/cast_kernel.h"

#include <fmt/core.h>

#include "base/assert.h"
#include "data/value.h"
#include "expr/conversion.h"
#include "expr/kernel_run.h"
#include "expr/text_writer.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

constexpr size_t kShownBytesMax = 64;

class FamilyCast : public Kernel {
 public:
  explicit FamilyCast(KernelFunction function) : function_(function) {}
  ColumnPtr run(KernelCall& call) override { return function_(call); }

 private:
  KernelFunction function_;
};

ColumnPtr relabel_argument(KernelCall& call) {
  return relabel(call.argument(0), call.result);
}

// The number of characters of UTF-8 bytes.
size_t characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return count;
}

std::string_view first_characters(std::string_view text, size_t count) {
  size_t at = 0;
  while (at < text.size()) {
    const bool starts = (static_cast<uint8_t>(text[at]) & 0xc0) != 0x80;
    if (starts && count-- == 0) break;
    ++at;
  }
  return text.substr(0, at);
}

// Any text into VARCHAR(n) and CHAR(n): cut, padded, or refused where more than spaces would be
// lost.
class LengthCast : public Kernel {
 public:
  LengthCast(Type to, CastMode mode) : to_(std::move(to)), refuses_(mode == CastMode::kAssign) {}

  ColumnPtr run(KernelCall& call) override {
    const Column& column = call.argument(0);
    const auto length = static_cast<size_t>(to_.precision());
    TextWriter writer(call);
    const uint32_t heap = writer.share_heaps(column);
    const TextReader texts(column);
    std::string padded;
    call.rows.for_each([&](uint32_t row) {
      const std::string_view text = texts[row];
      const std::string_view kept = text.size() <= length ? text : first_characters(text, length);
      const std::string_view lost = text.substr(kept.size());
      if (refuses_ && lost.find_first_not_of(' ') != std::string_view::npos) {
        call.fail(row, ErrorCode::kCastFailed,
                  fmt::format("a text of {} characters does not fit {}", characters(text),
                              to_.to_string()));
      }
      const size_t missing =
          to_.kind() == TypeKind::kChar ? length - std::min(length, characters(kept)) : 0;
      if (missing == 0) {
        writer.set_part(row, texts.view(row), text, kept, heap);
      } else {
        padded.assign(kept).append(missing, ' ');
        writer.set(row, padded);
      }
    });
    return writer.finish();
  }

 private:
  Type to_;
  bool refuses_;
};

// A value printed first, then fitted to the length.
class PrintedLengthCast : public Kernel {
 public:
  PrintedLengthCast(const Type& to, CastMode mode) : fit_(to, mode) {}
  ColumnPtr run(KernelCall& call) override {
    const Type text(TypeKind::kVarchar);
    KernelCall print{.arguments = call.arguments,
                     .rows = call.rows,
                     .result = text,
                     .memory = call.memory,
                     .errors = call.errors};
    const ColumnPtr printed[] = {cast_to_text(print)};
    KernelCall fit{.arguments = printed,
                   .rows = call.rows,
                   .result = call.result,
                   .memory = call.memory,
                   .errors = call.errors};
    return fit_.run(fit);
  }

 private:
  LengthCast fit_;
};

bool same_bytes(const Type& from, const Type& to) {
  if (from.is_timestamp() && to.is_timestamp()) {
    return from.counts_ns() == to.counts_ns() && from.precision() <= to.precision();
  }
  if (from.kind() == TypeKind::kTime && to.kind() == TypeKind::kTime) {
    return from.counts_ns() == to.counts_ns() && from.precision() <= to.precision();
  }
  if (from.kind() == TypeKind::kJson && to.is_text()) return to.precision() == 0;
  return from.is_text() && to.kind() == TypeKind::kVarchar &&
         conversion(from, to) == Conversion::kImplicit;
}

std::unique_ptr<Kernel> family(KernelFunction function) {
  return std::make_unique<FamilyCast>(function);
}

bool is_nested(const Type& type) {
  return type.kind() == TypeKind::kArray || type.kind() == TypeKind::kMap ||
         type.kind() == TypeKind::kRow;
}

}  // namespace

CastKernel make_cast_kernel(const Type& from, const Type& to, CastMode mode) {
  FunctionProperties careful{.null_result = NullResult::kFromArguments,
                             .may_fail = conversion_may_fail(from, to)};
  FunctionProperties total = careful;
  total.total = true;
  if (from == to || same_bytes(from, to)) return {family(relabel_argument), total};
  const bool to_length = to.is_text() && to.precision() != 0;
  if (from.is_text() && to.is_text()) return {std::make_unique<LengthCast>(to, mode), careful};
  if (to_length) return {std::make_unique<PrintedLengthCast>(to, mode), careful};
  if (to.is_text()) return {family(cast_to_text), careful};
  if (from.is_text()) return {family(cast_from_text), careful};
  if (is_nested(from)) return make_nested_cast(from, to, mode);
  const bool is_number = from.is_numeric() || from.kind() == TypeKind::kBoolean;
  return {family(is_number ? cast_numbers : cast_times), total};
}

ColumnPtr relabel(const Column& column, const Type& type) {
  return Column::flat({.type = type,
                       .rows = column.rows(),
                       .values = column.values(),
                       .validity = column.validity(),
                       .heaps = column.heaps(),
                       .children = column.children()});
}

void fail_cast(KernelCall& call, uint32_t row, ErrorCode code) {
  const Column& column = call.argument(0);
  std::string shown = data::to_string(column.value(row), column.type());
  if (shown.size() > kShownBytesMax) {
    shown.resize(kShownBytesMax);
    shown += "…";
  }
  const std::string type = call.result.to_string();
  if (column.type().is_text()) shown = fmt::format("'{}'", shown);
  call.fail(row, code,
            code == ErrorCode::kCastFailed
                ? fmt::format("{} is not a value of type {}", shown, type)
                : fmt::format("{} is out of range of {}", shown, type));
}

Result<data::Value> cast_value(const data::Value& value, const Type& from, const Type& to) {
  if (value.is_null() || from == to) return value;
  MILLRACE_ASSERT(conversion(from, to).has_value());
  CastKernel cast = make_cast_kernel(from, to, CastMode::kAssign);
  SelectionPool selections;
  const Vector operand{Column::constant(from, value, 1), nullptr};
  const Vector vector = run_kernel(*cast.kernel, cast.properties, to, {operand}, Rows::all(1),
                                   KernelRun{.selections = selections});
  if (vector.errors == nullptr) return vector.column->value(0);
  const RowError& error = vector.errors->list()[0];
  return Error(error.code, error.message);
}

}  // namespace millrace::expr
