#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "data/bitmap.h"
#include "data/text.h"
#include "data/type.h"
#include "data/value.h"

namespace millrace::data {

class Column;
using ColumnPtr = std::shared_ptr<const Column>;

enum class Encoding : uint8_t {
  kFlat,        // a value per row
  kConstant,    // one value for all rows: values() has one row's worth
  kDictionary,  // a uint32 index per row into dictionary()
};

// Column: the values of one field for the rows of a batch, in the layout of its type's Width.
//
// kFlat:        values() holds a value per row (kView: a Text per row, long ones in heaps(); kList:
//               rows + 1 uint32 offsets into child(0), the first not always 0; for kMap child(0) is
//               a kRow of key and value; kGroup: a child per field, no values). validity() has a
//               bit per row, 1 = not NULL, or is empty: no NULL. What stands in the values of a
//               NULL row is unspecified but readable.
// kConstant:    as a flat column of one row, standing for rows() rows.
// kDictionary:  values() holds uint32 indices (unspecified but in range where NULL), validity() is
//               the rows' own; dictionary() is a flat column without NULLs.
//
// Threading:  immutable once made; shared freely.
// Ownership:  buffers and children are shared by reference count.
class Column {
 public:
  // Parts of a flat column.
  struct Parts {
    Type type;
    uint32_t rows = 0;
    Buffer values;
    Buffer validity;                  // empty: no NULL
    std::vector<Buffer> heaps;        // kView
    std::vector<ColumnPtr> children;  // kList: 1; kGroup: one per field
  };
  static ColumnPtr flat(Parts parts);
  static ColumnPtr constant(const Type& type, const Value& value, uint32_t rows);
  // `row` is flat, of one row.
  static ColumnPtr constant(const ColumnPtr& row, uint32_t rows);
  static ColumnPtr nulls(const Type& type, uint32_t rows);
  static ColumnPtr dictionary(ColumnPtr dictionary, Buffer indices, Buffer validity, uint32_t rows);

  const Type& type() const { return parts_.type; }
  Width width() const { return width_; }
  Encoding encoding() const { return encoding_; }
  bool is_flat() const { return encoding_ == Encoding::kFlat; }
  uint32_t rows() const { return parts_.rows; }

  const Buffer& values() const { return parts_.values; }
  const Buffer& validity() const { return parts_.validity; }
  const std::vector<Buffer>& heaps() const { return parts_.heaps; }
  const std::vector<ColumnPtr>& children() const { return parts_.children; }
  const ColumnPtr& dictionary() const { return dictionary_; }

  // The same column with another validity. REQUIRES: not kConstant.
  ColumnPtr with_validity(Buffer validity) const;
  // The one value of a kConstant column as a flat column of one row.
  ColumnPtr constant_row() const;

  bool may_have_nulls() const { return !parts_.validity.empty(); }
  // The words of validity(), or null where there is no NULL.
  const uint64_t* validity_words() const {
    return parts_.validity.empty() ? nullptr : parts_.validity.as<uint64_t>();
  }
  // REQUIRES: kFlat, or kConstant with index 0 for every row. T is the width's C++ type.
  template <class T>
  const T* data() const {
    return parts_.values.as<T>();
  }

  // Any encoding, any row; slow (a branch on the encoding per call): for edges and tests.
  bool is_null(uint32_t row) const;
  Value value(uint32_t row) const;
  // REQUIRES: kView, not NULL.
  std::string_view text(uint32_t row) const;
  // The bytes of `view`, which is one of values() of this flat kView column.
  std::string_view text_of(const Text& view) const {
    if (view.is_inline()) return view.inlined_view();
    return {reinterpret_cast<const char*>(heaps()[view.place.heap].data()) + view.place.offset,
            view.length};
  }

  // Bytes that this column keeps alive, shared blocks counted in full.
  size_t pinned_bytes() const;

 private:
  Column() = default;
  Parts parts_;
  Width width_ = Width::kNone;
  Encoding encoding_ = Encoding::kFlat;
  ColumnPtr dictionary_;
};

// The same rows as a flat column (itself if it is one). Children keep their encoding.
ColumnPtr flatten(const ColumnPtr& column);
// Rows `selection[0..count)` of `column`, in that order, as a dense column (dictionary and constant
// columns stay what they are). Indices need not ascend.
ColumnPtr gather(const ColumnPtr& column, const uint32_t* selection, uint32_t count);
ColumnPtr gather(const ColumnPtr& column, const uint16_t* selection, uint32_t count);
// Rows [first, first + count).
ColumnPtr slice(const ColumnPtr& column, uint32_t first, uint32_t count);
// All rows of the columns, one behind the other. REQUIRES: one type, at least one column.
ColumnPtr concatenate(const std::vector<ColumnPtr>& columns);

}  // namespace millrace::data
