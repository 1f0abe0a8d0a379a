#include "expr/kernel_run.h"

#include <cstring>

#include "base/assert.h"
#include "data/bitmap.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Encoding;

bool is_null_constant(const Column& column) {
  if (column.width() == data::Width::kNone) return true;
  return column.encoding() == Encoding::kConstant && column.is_null(0);
}

// `with` and-ed into `into`, which may be empty (all ones).
void and_words(Buffer& into, const Buffer& with, uint32_t rows, MemoryAccount* memory) {
  if (with.empty()) return;
  if (into.empty()) {
    into = with;
    return;
  }
  const size_t words = data::bitmap_words(rows);
  Buffer both = Buffer::allocate(data::bitmap_bytes(rows), memory);
  const auto* a = into.as<uint64_t>();
  const auto* b = with.as<uint64_t>();
  auto* to = both.mutable_as<uint64_t>();
  for (size_t at = 0; at < words; ++at) to[at] = a[at] & b[at];
  into = std::move(both);
}

// One run of a kernel, from prepared arguments to the vector.
class Run {
 public:
  Run(Kernel& kernel, const FunctionProperties& properties, const data::Type& result,
      std::vector<Vector> arguments, const Rows& rows, const KernelRun& context)
      : kernel_(kernel), properties_(properties), result_(result), rows_(rows), context_(context) {
    for (Vector& argument : arguments) {
      if (argument.errors != nullptr) errors_.merge(*argument.errors);
      columns_.push_back(std::move(argument.column));
    }
  }

  Vector compute() {
    if (properties_.strict) {
      for (const ColumnPtr& column : columns_) {
        if (is_null_constant(*column)) return finish(Column::nulls(result_, rows_.physical));
      }
    }
    if (properties_.volatility != Volatility::kVolatile) {
      if (all_constant()) return finish(compute_once());
      if (const ColumnPtr* dictionary = only_dictionary()) {
        ColumnPtr column = compute_per_entry(*dictionary);
        if (column != nullptr) return finish(std::move(column));
      }
    }
    return finish(compute_rows());
  }

 private:
  bool all_constant() const {
    for (const ColumnPtr& column : columns_) {
      if (column->encoding() != Encoding::kConstant) return false;
    }
    return true;
  }

  // The one argument that is not constant, if it is a dictionary not larger than the rows.
  const ColumnPtr* only_dictionary() const {
    if (!properties_.strict || properties_.volatility != Volatility::kImmutable) return nullptr;
    const ColumnPtr* found = nullptr;
    for (const ColumnPtr& column : columns_) {
      if (column->encoding() == Encoding::kConstant) continue;
      if (found != nullptr || column->encoding() != Encoding::kDictionary) return nullptr;
      found = &column;
    }
    return found != nullptr && (*found)->dictionary()->rows() <= rows_.count &&
                   (*found)->dictionary()->rows() > 0
               ? found
               : nullptr;
  }

  ColumnPtr call(std::vector<ColumnPtr> arguments, const Rows& rows, const uint64_t* live,
                 RowErrors& errors) {
    KernelCall call{.arguments = arguments,
                    .rows = rows,
                    .live = live,
                    .result = result_,
                    .now_us = context_.now_us,
                    .memory = context_.memory,
                    .errors = errors};
    return kernel_.run(call);
  }

  ColumnPtr compute_once() {
    std::vector<ColumnPtr> one_row;
    for (const ColumnPtr& column : columns_) {
      one_row.push_back(column->width() == data::Width::kNone ? data::slice(column, 0, 1)
                                                              : column->constant_row());
    }
    RowErrors failed;
    ColumnPtr column = data::flatten(call(std::move(one_row), Rows::all(1), nullptr, failed));
    if (failed.empty()) return Column::constant(column, rows_.physical);
    RowErrors everywhere;
    const RowError& error = failed.list()[0];
    rows_.for_each([&](uint32_t row) { everywhere.add(row, error.code, error.message); });
    errors_.merge(everywhere);
    return Column::nulls(result_, rows_.physical);
  }

  // Null: an entry failed, which says nothing yet about rows.
  ColumnPtr compute_per_entry(const ColumnPtr& dictionary) {
    std::vector<ColumnPtr> arguments = columns_;
    const uint32_t entries = dictionary->dictionary()->rows();
    for (ColumnPtr& argument : arguments) {
      argument = argument->encoding() == Encoding::kDictionary
                     ? argument->dictionary()
                     : Column::constant(argument->constant_row(), entries);
    }
    RowErrors failed;
    ColumnPtr computed =
        data::flatten(call(std::move(arguments), Rows::all(entries), nullptr, failed));
    if (!failed.empty()) return nullptr;
    if (computed->width() == data::Width::kView && !computed->may_have_nulls()) {
      return Column::dictionary(std::move(computed), dictionary->values(), dictionary->validity(),
                                rows_.physical);
    }
    ColumnPtr column = data::gather(computed, dictionary->values().as<uint32_t>(), rows_.physical);
    Buffer validity = column->validity();
    and_words(validity, dictionary->validity(), rows_.physical, context_.memory);
    return validity.empty() ? column : column->with_validity(std::move(validity));
  }

  ColumnPtr compute_rows() {
    std::vector<ColumnPtr> arguments = columns_;
    Buffer live;
    for (ColumnPtr& argument : arguments) {
      if (argument->encoding() == Encoding::kDictionary) argument = data::flatten(argument);
      if (properties_.strict && argument->is_flat()) {
        and_words(live, argument->validity(), rows_.physical, context_.memory);
      }
    }
    const uint64_t* const words = live.empty() ? nullptr : live.as<uint64_t>();
    SelectionPool::Lease lease = context_.selections.lease();
    Rows rows = rows_;
    if (words != nullptr && !properties_.total) {
      rows = lease.fill(rows_, [&](uint32_t row) { return data::get_bit(words, row); });
    }
    RowErrors failed;
    ColumnPtr column = call(std::move(arguments), rows, words, failed);
    errors_.merge(failed);
    if (words == nullptr) return column;
    column = data::flatten(column);
    and_words(live, column->validity(), rows_.physical, context_.memory);
    return column->with_validity(std::move(live));
  }

  Vector finish(ColumnPtr column) {
    if (errors_.empty()) return {std::move(column), nullptr};
    column = with_nulls_for(std::move(column), errors_, context_.memory);
    return {std::move(column), std::make_shared<const RowErrors>(std::move(errors_))};
  }

  Kernel& kernel_;
  const FunctionProperties& properties_;
  const data::Type& result_;
  const Rows& rows_;
  const KernelRun& context_;
  std::vector<ColumnPtr> columns_;
  RowErrors errors_;
};

}  // namespace

std::unique_ptr<uint16_t[]> SelectionPool::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<uint16_t[]>(kKernelRowsMax + 1);
  std::unique_ptr<uint16_t[]> rows = std::move(free_.back());
  free_.pop_back();
  return rows;
}

Vector run_kernel(Kernel& kernel, const FunctionProperties& properties, const data::Type& result,
                  std::vector<Vector> arguments, const Rows& rows, const KernelRun& run) {
  MILLRACE_ASSERT(rows.physical <= kKernelRowsMax);
  return Run(kernel, properties, result, std::move(arguments), rows, run).compute();
}

ColumnPtr with_nulls_for(ColumnPtr column, const RowErrors& errors, MemoryAccount* memory) {
  if (column->width() == data::Width::kNone || is_null_constant(*column)) return column;
  column = data::flatten(column);
  const size_t bytes = data::bitmap_bytes(column->rows());
  Buffer validity = Buffer::allocate(bytes, memory);
  if (column->validity().empty()) {
    std::memset(validity.mutable_data(), 0xff, bytes);
  } else {
    std::memcpy(validity.mutable_data(), column->validity().data(), bytes);
  }
  for (const RowError& error : errors.list()) {
    data::clear_bit(validity.mutable_as<uint64_t>(), error.row);
  }
  return column->with_validity(std::move(validity));
}

}  // namespace millrace::expr
