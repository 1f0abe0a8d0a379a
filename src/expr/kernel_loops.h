#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/buffer.h"
#include "data/bitmap.h"
#include "data/column.h"
#include "expr/function.h"

namespace millrace::expr {

// The loops that kernels are made of: readers of flat and constant columns, and results row by row.

// The values of a flat or constant column of T.
template <class T>
class Reader {
 public:
  explicit Reader(const data::Column& column)
      : values_(column.data<T>()), mask_(column.is_flat() ? ~uint32_t{0} : 0) {}
  bool is_constant() const { return mask_ == 0; }
  const T* values() const { return values_; }
  const T& operator[](uint32_t row) const { return values_[row & mask_]; }

 private:
  const T* values_;
  uint32_t mask_;
};

class TextReader {
 public:
  explicit TextReader(const data::Column& column) : column_(column), views_(column) {}
  bool is_constant() const { return views_.is_constant(); }
  std::string_view operator[](uint32_t row) const { return column_.text_of(views_[row]); }
  const data::Text& view(uint32_t row) const { return views_[row]; }

 private:
  const data::Column& column_;
  Reader<data::Text> views_;
};

class BooleanReader {
 public:
  explicit BooleanReader(const data::Column& column)
      : words_(column.data<uint64_t>()), mask_(column.is_flat() ? ~uint32_t{0} : 0) {}
  bool operator[](uint32_t row) const { return data::get_bit(words_, row & mask_); }

 private:
  const uint64_t* words_;
  uint32_t mask_;
};

// Whether rows are NULL, in any encoding: for kernels that are not strict, and aggregates.
class NullReader {
 public:
  explicit NullReader(const data::Column& column)
      : words_(column.validity_words()),
        mask_(column.encoding() == data::Encoding::kConstant ? 0 : ~uint32_t{0}),
        all_(column.width() == data::Width::kNone) {}
  bool none() const { return !all_ && words_ == nullptr; }
  bool operator[](uint32_t row) const {
    return all_ || (words_ != nullptr && !data::get_bit(words_, row & mask_));
  }

 private:
  const uint64_t* words_;
  uint32_t mask_;
  bool all_;
};

// Rows that a kernel makes NULL by itself; costs nothing while there is none.
class NullMask {
 public:
  explicit NullMask(const KernelCall& call) : rows_(call.rows.physical), memory_(call.memory) {}
  void set(uint32_t row) {
    if (words_.empty()) [[unlikely]] {
      words_ = Buffer::allocate(data::bitmap_bytes(rows_), memory_);
      std::memset(words_.mutable_data(), 0xff, words_.bytes());
    }
    data::clear_bit(words_.mutable_as<uint64_t>(), row);
  }
  Buffer take() { return std::move(words_); }

 private:
  uint32_t rows_;
  MemoryAccount* memory_;
  Buffer words_;
};

inline data::ColumnPtr make_flat(const data::Type& type, uint32_t rows, Buffer values,
                                 Buffer validity = {}) {
  return data::Column::flat(
      {.type = type, .rows = rows, .values = std::move(values), .validity = std::move(validity)});
}

// to[row] = f(row) for the rows asked for, or for all where that is cheaper.
template <class R, class F>
data::ColumnPtr fixed_rows(KernelCall& call, F&& f, Buffer validity = {}) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(R), call.memory);
  R* const to = values.mutable_as<R>();
  call.rows.for_each([&](uint32_t row) { to[row] = f(row); });
  return make_flat(call.result, call.rows.physical, std::move(values), std::move(validity));
}

// For total kernels of one argument of A: to[row] = f(x[row]).
template <class A, class R, class F>
data::ColumnPtr unary_rows(KernelCall& call, F&& f) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(R), call.memory);
  R* __restrict const to = values.mutable_as<R>();
  const A* __restrict const x = call.argument(0).data<A>();
  if (call.rows.is_dense()) {
    for (uint32_t row = 0; row < call.rows.physical; ++row) to[row] = f(x[row]);
  } else {
    call.rows.for_each([&](uint32_t row) { to[row] = f(x[row]); });
  }
  return make_flat(call.result, call.rows.physical, std::move(values));
}

// The loop of a total kernel of two arguments: visit(row, x, y), with the shapes kept apart so that
// each loop is plain.
template <class A, class B, class Visit>
void for_each_pair(const KernelCall& call, Visit&& visit) {
  const Reader<A> x(call.argument(0));
  const Reader<B> y(call.argument(1));
  const A* const a = x.values();
  const B* const b = y.values();
  const uint32_t rows = call.rows.physical;
  if (!call.rows.is_dense()) {
    call.rows.for_each([&](uint32_t row) { visit(row, x[row], y[row]); });
  } else if (y.is_constant()) {
    const B constant = *b;
    for (uint32_t row = 0; row < rows; ++row) visit(row, a[row], constant);
  } else if (x.is_constant()) {
    const A constant = *a;
    for (uint32_t row = 0; row < rows; ++row) visit(row, constant, b[row]);
  } else {
    for (uint32_t row = 0; row < rows; ++row) visit(row, a[row], b[row]);
  }
}

// 64 bytes, each 0 or 1, as 64 bits.
inline uint64_t pack_bytes(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int part = 0; part < 8; ++part) {
    uint64_t eight;
    std::memcpy(&eight, bytes + part * 8, sizeof(eight));
    word |= ((eight * 0x0102040810204080) >> 56) << (part * 8);
  }
  return word;
}

// A BOOLEAN per row by f(row): for all physical rows if `total`, else for those asked for.
template <class F>
data::ColumnPtr boolean_rows(KernelCall& call, bool total, F&& f, Buffer validity = {}) {
  const uint32_t rows = call.rows.physical;
  Buffer values;
  if (call.rows.is_all() || (total && call.rows.is_dense())) {
    values = Buffer::allocate(data::bitmap_bytes(rows), call.memory);
    uint64_t* const words = values.mutable_as<uint64_t>();
    uint32_t base = 0;
    for (; base + 64 <= rows; base += 64) {
      uint8_t bytes[64];
      for (uint32_t at = 0; at < 64; ++at) bytes[at] = f(base + at) ? 1 : 0;
      words[base / 64] = pack_bytes(bytes);
    }
    if (base < rows) {
      uint64_t word = 0;
      for (uint32_t row = base; row < rows; ++row)
        word |= uint64_t{f(row) ? 1U : 0U} << (row - base);
      words[base / 64] = word;
    }
  } else {
    values = Buffer::zeroed(data::bitmap_bytes(rows), call.memory);
    uint64_t* const words = values.mutable_as<uint64_t>();
    call.rows.for_each([&](uint32_t row) {
      if (f(row)) data::set_bit(words, row);
    });
  }
  return make_flat(call.result, rows, std::move(values), std::move(validity));
}

// For total kernels: after a loop in which some row, perhaps one nobody asked for, met a failure:
// visits the rows whose failure counts.
template <class Visit>
void for_each_live(const KernelCall& call, Visit&& visit) {
  call.rows.for_each([&](uint32_t row) {
    if (call.is_live(row)) visit(row);
  });
}

}  // namespace millrace::expr
