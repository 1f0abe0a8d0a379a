#include "data/row_codec.h"

#include <algorithm>
#include <numeric>

#include "base/assert.h"
#include "base/endian.h"
#include "base/varint.h"
#include "data/builder.h"
#include "data/canonical_bits.h"
#include "data/nested_values.h"

namespace millrace::data {
namespace {

size_t null_bytes(size_t columns) {
  return (columns + 7) / 8;
}

// Bytes of a column's value; 0 for those that vary.
uint32_t value_bytes(Width width, RowCodec::Layout layout) {
  const bool key = layout == RowCodec::Layout::kKey;
  switch (width) {
    case Width::k1:
      return 1;
    case Width::k8:
    case Width::k16:
    case Width::k32:
    case Width::kF32:
      return key ? 8 : static_cast<uint32_t>(bytes_per_value(width));
    case Width::k64:
    case Width::k128:
    case Width::kF64:
      return static_cast<uint32_t>(bytes_per_value(width));
    default:
      return 0;
  }
}

bool is_fixed(Width width) {
  return width != Width::kView && width != Width::kList && width != Width::kGroup;
}

std::byte* put_length(std::byte* to, uint64_t length) {
  if (length < 0x80) [[likely]] {
    *to = static_cast<std::byte>(length);
    return to + 1;
  }
  return to + put_varint(to, length);
}

}  // namespace

// One encode call: where the values of each column stand, and where they go.
class RowWriter {
 public:
  RowWriter(EncodedRows& to, RowCodec::Layout layout, std::span<const ColumnPtr> columns,
            const uint16_t* selection, uint32_t count)
      : to_(to), layout_(layout), count_(count) {
    if (selection != nullptr) to_.selected_.assign(selection, selection + count);
    selected_ = selection != nullptr ? to_.selected_.data() : nullptr;
    to_.places_.resize(columns.size());
    to_.nested_.resize(columns.size());
    for (size_t index = 0; index < columns.size(); ++index) locate(*columns[index], index);
    collect_nulls();
  }

  // Finds the length of every row and makes room.
  void measure(uint32_t fixed_bytes, bool all_fixed) {
    to_.stride_ = all_fixed && !to_.any_null_ ? fixed_bytes : 0;
    if (to_.stride_ != 0) return measure_strided();
    to_.cursors_.assign(count_, fixed_bytes);
    for (size_t index = 0; index < parts_.size(); ++index) measure_column(index);
    uint64_t begin = 0;
    for (uint32_t n = 0; n < count_; ++n) {
      uint64_t bytes = to_.cursors_[n];
      if (to_.any_null_ && to_.nulls_[n] != 0) bytes += null_bytes(parts_.size());
      to_.cursors_[n] = begin;
      begin += bytes;
    }
    make_room(begin);
    const char* bytes = reinterpret_cast<const char*>(to_.arena_.data());
    for (uint32_t n = 0; n < count_; ++n) {
      const uint64_t end = n + 1 < count_ ? to_.cursors_[n + 1] : begin;
      to_.views_[n] = {bytes + to_.cursors_[n], end - to_.cursors_[n]};
    }
  }

  // Every row has the same length.
  void measure_strided() {
    make_room(uint64_t{count_} * to_.stride_);
    const char* bytes = reinterpret_cast<const char*>(to_.arena_.data());
    for (uint32_t n = 0; n < count_; ++n) to_.views_[n] = {bytes + n * to_.stride_, to_.stride_};
  }

  void make_room(uint64_t bytes) {
    to_.used_ = bytes;
    if (!to_.arena_ || to_.arena_.bytes() < bytes) {
      to_.arena_ = Buffer::allocate(std::max<size_t>(bytes + bytes / 4, 256));
    }
    to_.views_.resize(count_);
  }

  void write() {
    arena_ = to_.arena_.mutable_data();
    for (size_t index = 0; index < parts_.size(); ++index) write_column(index);
    if (to_.any_null_) write_nulls();
  }

 private:
  struct Part {
    const Column* values = nullptr;      // flat
    const uint32_t* places = nullptr;    // null: row n stands at n
    const uint64_t* validity = nullptr;  // null: no NULL
    const uint32_t* validity_places = nullptr;
    ColumnPtr row;  // holds the row of a constant
    bool never_valid = false;

    uint32_t place(uint32_t n) const { return places != nullptr ? places[n] : n; }
    bool is_null(uint32_t n) const {
      if (never_valid) return true;
      if (validity == nullptr) return false;
      return !get_bit(validity, validity_places != nullptr ? validity_places[n] : n);
    }
    bool may_have_nulls() const { return never_valid || validity != nullptr; }
  };

  void locate(const Column& column, size_t index) {
    Part part;
    part.values = &column;
    part.places = selected_;
    part.validity = column.validity_words();
    part.validity_places = selected_;
    part.never_valid = column.width() == Width::kNone;
    std::vector<uint32_t>& places = to_.places_[index];
    if (column.encoding() == Encoding::kDictionary) {
      const uint32_t* indices = column.data<uint32_t>();
      places.resize(count_);
      for (uint32_t n = 0; n < count_; ++n) {
        places[n] = indices[selected_ != nullptr ? selected_[n] : n];
      }
      part.places = places.data();
      part.values = column.dictionary().get();
    } else if (column.encoding() == Encoding::kConstant) {
      places.assign(count_, 0);
      part.places = part.validity_places = places.data();
      part.row = column.constant_row();
      part.values = part.row.get();
    }
    parts_.push_back(std::move(part));
  }

  void collect_nulls() {
    to_.any_null_ = false;
    to_.nulls_.clear();
    uint8_t any = 0;
    for (const Part& part : parts_) {
      if (!part.may_have_nulls()) continue;
      to_.nulls_.resize(count_, 0);
      for (uint32_t n = 0; n < count_; ++n) to_.nulls_[n] |= part.is_null(n) ? 1 : 0;
    }
    for (const uint8_t null : to_.nulls_) any |= null;
    to_.any_null_ = any != 0;
  }

  void measure_column(size_t index) {
    const Part& part = parts_[index];
    if (part.values->width() == Width::kView) {
      const Text* texts = part.values->data<Text>();
      for (uint32_t n = 0; n < count_; ++n) {
        const uint32_t length = part.is_null(n) ? 0 : texts[part.place(n)].length;
        to_.cursors_[n] += length + (length < 0x80 ? 1 : varint_bytes(length));
      }
    } else if (!is_fixed(part.values->width())) {
      EncodedRows::Nested& nested = to_.nested_[index];
      nested.bytes.clear();
      nested.ends.resize(count_);
      for (uint32_t n = 0; n < count_; ++n) {
        const size_t before = nested.bytes.size();
        if (part.is_null(n)) {
          append_null_bytes(nested.bytes, part.values->type());
        } else {
          append_value_bytes(nested.bytes, *part.values, part.place(n));
        }
        nested.ends[n] = static_cast<uint32_t>(nested.bytes.size());
        to_.cursors_[n] += nested.bytes.size() - before;
      }
    }
  }

  // Stores `convert(value)` for every row; 0 for NULL.
  template <class From, class Convert>
  void write_fixed(const Part& part, Convert&& convert) {
    using To = decltype(convert(From{}));
    const From* values = part.values->data<From>();
    if (to_.stride_ != 0) {
      for (uint32_t n = 0; n < count_; ++n) {
        const To value = convert(values[part.place(n)]);
        std::memcpy(arena_ + offset_ + n * size_t{to_.stride_}, &value, sizeof(To));
      }
      offset_ += sizeof(To);
      return;
    }
    uint64_t* cursors = to_.cursors_.data();
    const auto store = [&](uint32_t n, To value) {
      std::memcpy(arena_ + cursors[n], &value, sizeof(To));
      cursors[n] += sizeof(To);
    };
    if (part.may_have_nulls()) {
      for (uint32_t n = 0; n < count_; ++n) {
        store(n, part.is_null(n) ? To{} : convert(values[part.place(n)]));
      }
    } else if (part.places != nullptr) {
      for (uint32_t n = 0; n < count_; ++n) store(n, convert(values[part.places[n]]));
    } else {
      for (uint32_t n = 0; n < count_; ++n) store(n, convert(values[n]));
    }
  }

  template <class T>
  void write_integers(const Part& part) {
    if (layout_ == RowCodec::Layout::kKey) {
      write_fixed<T>(part, [](T value) { return int64_t{value}; });
    } else {
      write_fixed<T>(part, [](T value) { return value; });
    }
  }

  void write_booleans(const Part& part) {
    const uint64_t* bits = part.values->data<uint64_t>();
    for (uint32_t n = 0; n < count_; ++n) {
      const bool value = !part.is_null(n) && get_bit(bits, part.place(n));
      const size_t place = to_.stride_ != 0 ? offset_ + n * size_t{to_.stride_} : to_.cursors_[n]++;
      arena_[place] = static_cast<std::byte>(value);
    }
    ++offset_;
  }

  void write_texts(const Part& part) {
    const Text* texts = part.values->data<Text>();
    for (uint32_t n = 0; n < count_; ++n) {
      std::byte* const place = arena_ + to_.cursors_[n];
      if (part.is_null(n)) {
        *place = std::byte{0};
        ++to_.cursors_[n];
        continue;
      }
      const std::string_view bytes = part.values->text_of(texts[part.place(n)]);
      std::byte* const to = put_length(place, bytes.size());
      if (bytes.size() <= 16) {
        copy_short(reinterpret_cast<char*>(to), bytes.data(), bytes.size());
      } else {
        std::memcpy(to, bytes.data(), bytes.size());
      }
      to_.cursors_[n] += static_cast<size_t>(to - place) + bytes.size();
    }
  }

  void write_nested(size_t index) {
    const EncodedRows::Nested& nested = to_.nested_[index];
    uint32_t begin = 0;
    for (uint32_t n = 0; n < count_; ++n) {
      const uint32_t bytes = nested.ends[n] - begin;
      std::memcpy(arena_ + to_.cursors_[n], nested.bytes.data() + begin, bytes);
      to_.cursors_[n] += bytes;
      begin = nested.ends[n];
    }
  }

  void write_column(size_t index) {
    const Part& part = parts_[index];
    const bool key = layout_ == RowCodec::Layout::kKey;
    switch (part.values->width()) {
      case Width::kNone:
        return;
      case Width::k1:
        return write_booleans(part);
      case Width::k8:
        return write_integers<int8_t>(part);
      case Width::k16:
        return write_integers<int16_t>(part);
      case Width::k32:
        return write_integers<int32_t>(part);
      case Width::k64:
        return write_integers<int64_t>(part);
      case Width::k128:
        return write_fixed<Int128>(part, [](Int128 value) { return value; });
      case Width::kF32:
        if (key) {
          return write_fixed<float>(part, [](float v) { return canonical_bits(double{v}); });
        }
        return write_fixed<float>(part, [](float v) { return canonical_bits(v); });
      case Width::kF64:
        return write_fixed<double>(part, [](double v) { return canonical_bits(v); });
      case Width::kView:
        return write_texts(part);
      case Width::kList:
      case Width::kGroup:
        return write_nested(index);
    }
  }

  void write_nulls() {
    const size_t bytes = null_bytes(parts_.size());
    for (uint32_t n = 0; n < count_; ++n) {
      if (to_.nulls_[n] == 0) continue;
      std::byte* bits = arena_ + to_.cursors_[n];
      std::memset(bits, 0, bytes);
      for (size_t index = 0; index < parts_.size(); ++index) {
        if (parts_[index].is_null(n)) bits[index / 8] |= std::byte{1} << (index % 8);
      }
    }
  }

  EncodedRows& to_;
  const RowCodec::Layout layout_;
  const uint32_t count_;
  const uint32_t* selected_ = nullptr;
  std::vector<Part> parts_;
  std::byte* arena_ = nullptr;
  size_t offset_ = 0;  // within a row, where all have one length
};

namespace {

// One decode call: a cursor per row.
class RowReader {
 public:
  RowReader(std::span<const std::string_view> rows, RowCodec::Layout layout)
      : layout_(layout), count_(static_cast<uint32_t>(rows.size())) {
    cursors_.reserve(rows.size());
    for (const std::string_view row : rows) {
      cursors_.push_back(std::as_bytes(std::span(row.data(), row.size())));
    }
  }

  // False: the bytes end early.
  bool read(ColumnBuilder& to) {
    const bool key = layout_ == RowCodec::Layout::kKey;
    switch (to.width()) {
      case Width::kNone:
        for (uint32_t n = 0; n < count_; ++n) to.append_null();
        return true;
      case Width::k1:
        return read_booleans(to);
      case Width::k8:
        return key ? read_fixed<int8_t, int64_t>(to) : read_fixed<int8_t>(to);
      case Width::k16:
        return key ? read_fixed<int16_t, int64_t>(to) : read_fixed<int16_t>(to);
      case Width::k32:
        return key ? read_fixed<int32_t, int64_t>(to) : read_fixed<int32_t>(to);
      case Width::k64:
        return read_fixed<int64_t>(to);
      case Width::k128:
        return read_fixed<Int128>(to);
      case Width::kF32:
        return key ? read_fixed<float, double>(to) : read_fixed<float>(to);
      case Width::kF64:
        return read_fixed<double>(to);
      case Width::kView:
        return read_texts(to);
      case Width::kList:
      case Width::kGroup:
        return read_nested(to);
    }
    return false;
  }

  // The rest of every row: nothing, or which columns are NULL. Empty Buffers: no NULL.
  bool read_nulls(std::vector<Buffer>& validities) {
    const size_t columns = validities.size();
    for (uint32_t n = 0; n < count_; ++n) {
      const std::span<const std::byte> bits = cursors_[n];
      if (bits.empty()) continue;
      if (bits.size() != null_bytes(columns)) return false;
      for (size_t index = 0; index < columns; ++index) {
        if ((bits[index / 8] >> (index % 8) & std::byte{1}) == std::byte{0}) continue;
        if (!validities[index]) {
          validities[index] = Buffer::allocate(bitmap_bytes(count_));
          fill_ones(validities[index].mutable_as<uint64_t>(), 0, count_);
        }
        clear_bit(validities[index].mutable_as<uint64_t>(), n);
      }
    }
    return true;
  }

 private:
  template <class To, class From = To>
  bool read_fixed(ColumnBuilder& to) {
    To* const values = to.extend<To>(count_);
    for (uint32_t n = 0; n < count_; ++n) {
      if (cursors_[n].size() < sizeof(From)) return false;
      From value;
      std::memcpy(&value, cursors_[n].data(), sizeof(From));
      values[n] = static_cast<To>(value);
      cursors_[n] = cursors_[n].subspan(sizeof(From));
    }
    return true;
  }

  bool read_booleans(ColumnBuilder& to) {
    for (std::span<const std::byte>& cursor : cursors_) {
      if (cursor.empty()) return false;
      to.append_boolean(cursor[0] != std::byte{0});
      cursor = cursor.subspan(1);
    }
    return true;
  }

  bool read_texts(ColumnBuilder& to) {
    for (std::span<const std::byte>& cursor : cursors_) {
      std::optional<uint64_t> length;
      if (!cursor.empty() && cursor[0] < std::byte{0x80}) [[likely]] {
        length = static_cast<uint64_t>(cursor[0]);
        cursor = cursor.subspan(1);
      } else {
        length = take_varint(cursor);
      }
      if (!length || *length > cursor.size()) return false;
      to.append_text({reinterpret_cast<const char*>(cursor.data()), *length});
      cursor = cursor.subspan(*length);
    }
    return true;
  }

  bool read_nested(ColumnBuilder& to) {
    for (std::span<const std::byte>& cursor : cursors_) {
      if (!take_value_bytes(cursor, to)) return false;
    }
    return true;
  }

  const RowCodec::Layout layout_;
  const uint32_t count_;
  std::vector<std::span<const std::byte>> cursors_;
};

std::vector<Type> types_of(const Schema& schema) {
  std::vector<Type> types;
  for (const Field& field : schema.fields()) types.push_back(field.type);
  return types;
}

}  // namespace

RowCodec::RowCodec(std::vector<Type> types, Layout layout)
    : types_(std::move(types)), layout_(layout) {
  for (const Type& type : types_) {
    fixed_bytes_ += value_bytes(type.width(), layout_);
    all_fixed_ &= is_fixed(type.width());
  }
}

RowCodec::RowCodec(const Schema& schema, Layout layout) : RowCodec(types_of(schema), layout) {}

void RowCodec::encode(const Batch& batch, EncodedRows& to) const {
  encode(batch.columns(), batch.selection(), batch.size(), to);
}

void RowCodec::encode(const Batch& batch, std::span<const size_t> columns, EncodedRows& to) const {
  std::vector<ColumnPtr> chosen;
  chosen.reserve(columns.size());
  for (const size_t index : columns) chosen.push_back(batch.column(index));
  encode(chosen, batch.selection(), batch.size(), to);
}

void RowCodec::encode(std::span<const ColumnPtr> columns, const uint16_t* selection, uint32_t count,
                      EncodedRows& to) const {
  MILLRACE_ASSERT(columns.size() == types_.size());
  for (size_t index = 0; index < columns.size(); ++index) {
    MILLRACE_ASSERT(columns[index]->width() == types_[index].width());
  }
  RowWriter writer(to, layout_, columns, selection, count);
  writer.measure(fixed_bytes_, all_fixed_);
  writer.write();
}

Result<std::vector<ColumnPtr>> RowCodec::decode(std::span<const std::string_view> rows) const {
  const auto corrupt = [&] {
    return Error(ErrorCode::kCorruptState, "stored rows do not have the layout of " +
                                               std::to_string(types_.size()) + " columns");
  };
  RowReader reader(rows, layout_);
  std::vector<ColumnPtr> columns;
  columns.reserve(types_.size());
  for (const Type& type : types_) {
    ColumnBuilder builder(type, static_cast<uint32_t>(rows.size()));
    if (!reader.read(builder)) return corrupt();
    columns.push_back(builder.finish());
  }
  std::vector<Buffer> validities(types_.size());
  if (!reader.read_nulls(validities)) return corrupt();
  for (size_t index = 0; index < columns.size(); ++index) {
    if (validities[index]) columns[index] = columns[index]->with_validity(validities[index]);
  }
  return columns;
}

std::string RowCodec::encode_row(std::span<const Value> values) const {
  MILLRACE_ASSERT(values.size() == types_.size());
  std::vector<ColumnPtr> columns;
  for (size_t index = 0; index < values.size(); ++index) {
    columns.push_back(Column::constant(types_[index], values[index], 1));
  }
  EncodedRows rows;
  encode(columns, nullptr, 1, rows);
  return std::string(rows[0]);
}

Result<std::vector<Value>> RowCodec::decode_row(std::string_view row) const {
  const std::vector<ColumnPtr> columns = MILLRACE_TRY(decode(std::span(&row, 1)));
  std::vector<Value> values;
  for (const ColumnPtr& column : columns) values.push_back(column->value(0));
  return values;
}

}  // namespace millrace::data
