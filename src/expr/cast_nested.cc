#include <algorithm>

#include "expr/cast_kernel.h"
#include "expr/kernel_run.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

// How many elements are cast in one run.
constexpr uint32_t kElementsPerRun = 1 << 15;

// The cast of a whole child column, whatever its length.
class ChildCast {
 public:
  ChildCast(const Type& from, const Type& to, CastMode mode)
      : to_(to), is_same_(from == to || from.kind() == TypeKind::kNull) {
    if (!is_same_) cast_ = make_cast_kernel(from, to, mode);
  }

  // Errors have the numbers of elements.
  ColumnPtr run(const ColumnPtr& child, RowErrors& errors, MemoryAccount* memory) {
    if (is_same_) return child->type() == to_ ? child : Column::nulls(to_, child->rows());
    std::vector<ColumnPtr> parts;
    for (uint32_t first = 0; first < child->rows(); first += kElementsPerRun) {
      const uint32_t count = std::min(kElementsPerRun, child->rows() - first);
      const Vector part{data::slice(child, first, count), nullptr};
      Vector cast = run_kernel(*cast_.kernel, cast_.properties, to_, {part}, Rows::all(count),
                               {.selections = selections_, .memory = memory});
      if (cast.errors != nullptr) {
        for (const RowError& error : cast.errors->list()) {
          errors.add(first + error.row, error.code, error.message);
        }
      }
      parts.push_back(std::move(cast.column));
    }
    if (parts.empty()) return Column::nulls(to_, 0);
    return parts.size() == 1 ? parts[0] : data::concatenate(parts);
  }

 private:
  Type to_;
  bool is_same_;
  CastKernel cast_;
  SelectionPool selections_;
};

// ROW: field by field; an error of a field is one of the row.
class RowCast : public Kernel {
 public:
  RowCast(const Type& from, const Type& to, CastMode mode) {
    for (size_t at = 0; at < from.fields().size(); ++at) {
      fields_.emplace_back(from.fields()[at].type, to.fields()[at].type, mode);
    }
  }

  ColumnPtr run(KernelCall& call) override {
    const Column& row = call.argument(0);
    std::vector<ColumnPtr> children;
    RowErrors errors;
    for (size_t at = 0; at < fields_.size(); ++at) {
      const ColumnPtr child = data::slice(row.children()[at], 0, row.rows());
      children.push_back(fields_[at].run(child, errors, call.memory));
    }
    call.errors.merge(errors.within(call.rows));
    return Column::flat({.type = call.result,
                         .rows = row.rows(),
                         .validity = row.validity(),
                         .children = std::move(children)});
  }

 private:
  std::vector<ChildCast> fields_;
};

// ARRAY and MAP: the elements in one go; an element's error is one of its row.
class ListCast : public Kernel {
 public:
  ListCast(const Type& from, const Type& to, CastMode mode)
      : elements_(element_type(from), element_type(to), mode) {}

  ColumnPtr run(KernelCall& call) override {
    const Column& list = call.argument(0);
    RowErrors failed;
    ColumnPtr elements = elements_.run(list.children()[0], failed, call.memory);
    if (!failed.empty()) {
      const uint32_t* const offsets = list.data<uint32_t>();
      auto error = failed.list().begin();
      call.rows.for_each([&](uint32_t row) {
        while (error != failed.list().end() && error->row < offsets[row]) ++error;
        if (error != failed.list().end() && error->row < offsets[row + 1]) {
          call.fail(row, error->code, error->message);
        }
      });
    }
    return Column::flat({.type = call.result,
                         .rows = list.rows(),
                         .values = list.values(),
                         .validity = list.validity(),
                         .children = {std::move(elements)}});
  }

 private:
  static Type element_type(const Type& type) {
    return type.kind() == TypeKind::kMap ? Type::row(type.fields()) : type.fields()[0].type;
  }

  ChildCast elements_;
};

}  // namespace

CastKernel make_nested_cast(const Type& from, const Type& to, CastMode mode) {
  FunctionProperties properties{.may_fail = true};
  if (from.kind() == TypeKind::kRow) {
    return {std::make_unique<RowCast>(from, to, mode), properties};
  }
  return {std::make_unique<ListCast>(from, to, mode), properties};
}

}  // namespace millrace::expr
