#include "formats/parquet/arrow_columns.h"

#ifdef MILLRACE_WITH_PARQUET

#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "data/bitmap.h"
#include "data/builder.h"
#include "data/civil.h"
#include "data/datetime_text.h"
#include "data/decimal.h"
#include "formats/json/json_text.h"
#include "formats/text_values.h"

namespace millrace::formats {
namespace {

using data::ColumnPtr;
using data::Type;
using data::TypeKind;
using data::Width;
using ArrowType = arrow::Type;

Buffer validity_of(const arrow::Array& array) {
  if (array.null_count() == 0) return Buffer();
  const auto rows = static_cast<size_t>(array.length());
  Buffer bits = Buffer::allocate(data::bitmap_bytes(rows));
  // Arrow's bitmaps are padded to 64 bytes as well, but their first bit is anywhere.
  const uint8_t* from = array.null_bitmap_data();
  data::pack_bits(bits.mutable_as<uint64_t>(), rows, [&](size_t row) {
    const size_t bit = row + static_cast<size_t>(array.offset());
    return (from[bit / 8] >> (bit % 8) & 1) != 0;
  });
  return bits;
}

// Takes part of making one column: its parts, and the rows that do not fit.
class Conversion {
 public:
  Conversion(const arrow::Array& array, const Type& type, std::vector<BadValue>& bad)
      : array_(array), type_(type), bad_(bad), rows_(static_cast<uint32_t>(array.length())) {
    parts_.type = type;
    parts_.rows = rows_;
    parts_.validity = validity_of(array);
  }

  ColumnPtr run() {
    if (array_.type_id() == ArrowType::NA) return data::Column::nulls(type_, rows_);
    const bool known = run_number() || run_time() || run_text() || run_nested();
    MILLRACE_ASSERT(known);  // converts() lets no other type pass
    return damaged_ ? nullptr : data::Column::flat(std::move(parts_));
  }

 private:
  bool run_number() {
    switch (array_.type_id()) {
      case ArrowType::BOOL:
        return booleans(), true;
      case ArrowType::INT8:
        return numbers<arrow::Int8Array>(), true;
      case ArrowType::INT16:
        return numbers<arrow::Int16Array>(), true;
      case ArrowType::INT32:
        return numbers<arrow::Int32Array>(), true;
      case ArrowType::INT64:
        return numbers<arrow::Int64Array>(), true;
      case ArrowType::UINT8:
        return numbers<arrow::UInt8Array>(), true;
      case ArrowType::UINT16:
        return numbers<arrow::UInt16Array>(), true;
      case ArrowType::UINT32:
        return numbers<arrow::UInt32Array>(), true;
      case ArrowType::UINT64:
        return numbers<arrow::UInt64Array>(), true;
      case ArrowType::FLOAT:
        return reals<arrow::FloatArray>(), true;
      case ArrowType::DOUBLE:
        return reals<arrow::DoubleArray>(), true;
      case ArrowType::DECIMAL128:
        return decimals(), true;
      default:
        return false;
    }
  }

  bool run_time() {
    switch (array_.type_id()) {
      case ArrowType::DATE32:
        return integers<arrow::Date32Array>(1, 1), true;
      case ArrowType::DATE64:
        return integers<arrow::Date64Array>(1, 86'400'000), true;
      case ArrowType::TIME32:
        return times<arrow::Time32Array, arrow::Time32Type>(), true;
      case ArrowType::TIME64:
        return times<arrow::Time64Array, arrow::Time64Type>(), true;
      case ArrowType::TIMESTAMP:
        return times<arrow::TimestampArray, arrow::TimestampType>(), true;
      default:
        return false;
    }
  }

  bool run_text() {
    switch (array_.type_id()) {
      case ArrowType::STRING:
        return texts<arrow::StringArray>(), true;
      case ArrowType::BINARY:
        return texts<arrow::BinaryArray>(), true;
      case ArrowType::LARGE_STRING:
        return texts<arrow::LargeStringArray>(), true;
      case ArrowType::LARGE_BINARY:
        return texts<arrow::LargeBinaryArray>(), true;
      case ArrowType::FIXED_SIZE_BINARY:
        return texts<arrow::FixedSizeBinaryArray>(), true;
      default:
        return false;
    }
  }

  bool run_nested() {
    switch (array_.type_id()) {
      case ArrowType::LIST:
        return lists<arrow::ListArray>(), true;
      case ArrowType::LARGE_LIST:
        return lists<arrow::LargeListArray>(), true;
      case ArrowType::MAP:
        return lists<arrow::MapArray>(), true;
      case ArrowType::STRUCT:
        return structs(), true;
      default:
        return false;
    }
  }

  bool is_null(uint32_t row) const {
    return parts_.validity && !data::get_bit(parts_.validity.as<uint64_t>(), row);
  }

  void reject(uint32_t row, ErrorCode code, std::string reason) {
    if (!parts_.validity) {
      parts_.validity = Buffer::allocate(data::bitmap_bytes(rows_));
      data::fill_ones(parts_.validity.mutable_as<uint64_t>(), 0, rows_);
    }
    data::clear_bit(parts_.validity.mutable_as<uint64_t>(), row);
    bad_.push_back({row, code, std::move(reason)});
  }

  template <class T>
  T* allocate() {
    parts_.values = Buffer::allocate(rows_ * sizeof(T));
    return parts_.values.mutable_as<T>();
  }

  void booleans() {
    const auto& array = static_cast<const arrow::BooleanArray&>(array_);
    parts_.values = Buffer::allocate(data::bitmap_bytes(rows_));
    data::pack_bits(parts_.values.mutable_as<uint64_t>(), rows_,
                    [&](size_t row) { return array.Value(static_cast<int64_t>(row)); });
  }

  template <class Array>
  void numbers() {
    if (type_.kind() == TypeKind::kDouble || type_.kind() == TypeKind::kFloat)
      return reals<Array>();
    integers<Array>(1, 1);
  }

  // value * factor / divisor, rounded down, into the integer width of the type.
  template <class Array>
  void integers(int64_t factor, int64_t divisor) {
    switch (type_.width()) {
      case Width::k8:
        return integers_as<Array, int8_t>(factor, divisor);
      case Width::k16:
        return integers_as<Array, int16_t>(factor, divisor);
      case Width::k32:
        return integers_as<Array, int32_t>(factor, divisor);
      default:
        return integers_as<Array, int64_t>(factor, divisor);
    }
  }

  template <class Array, class To>
  void integers_as(int64_t factor, int64_t divisor) {
    using From = typename Array::value_type;
    const From* from = static_cast<const Array&>(array_).raw_values();
    To* to = allocate<To>();
    constexpr bool kAlwaysFits =
        std::numeric_limits<From>::digits <= std::numeric_limits<To>::digits;
    if (kAlwaysFits && factor == 1 && divisor == 1) {
      for (uint32_t row = 0; row < rows_; ++row) to[row] = static_cast<To>(from[row]);
      return;
    }
    for (uint32_t row = 0; row < rows_; ++row) {
      data::Int128 value = data::Int128{from[row]} * factor;
      if (divisor != 1) value = data::floor_div(static_cast<int64_t>(value), divisor);
      to[row] = static_cast<To>(value);
      if (data::Int128{to[row]} == value || is_null(row)) continue;
      const bool is_time = type_.is_timestamp() || type_.kind() == TypeKind::kDate;
      reject(row, is_time ? ErrorCode::kDatetimeOverflow : ErrorCode::kNumericOverflow,
             fmt::format("{} is out of the range of {}", data::to_string(data::Int128{from[row]}),
                         type_.to_string()));
    }
  }

  template <class Array>
  void reals() {
    const auto* from = static_cast<const Array&>(array_).raw_values();
    if (type_.kind() == TypeKind::kDouble) {
      double* to = allocate<double>();
      for (uint32_t row = 0; row < rows_; ++row) to[row] = static_cast<double>(from[row]);
    } else {
      float* to = allocate<float>();
      for (uint32_t row = 0; row < rows_; ++row) to[row] = static_cast<float>(from[row]);
    }
  }

  template <class Array, class Unit>
  void times() {
    int64_t factor = 1;
    int64_t divisor = 1;
    const bool ns = type_.counts_ns();
    switch (static_cast<const Unit&>(*array_.type()).unit()) {
      case arrow::TimeUnit::SECOND:
        factor = ns ? 1'000'000'000 : 1'000'000;
        break;
      case arrow::TimeUnit::MILLI:
        factor = ns ? 1'000'000 : 1'000;
        break;
      case arrow::TimeUnit::MICRO:
        factor = ns ? 1'000 : 1;
        break;
      case arrow::TimeUnit::NANO:
        divisor = ns ? 1 : 1'000;
        break;
    }
    integers<Array>(factor, divisor);
    const auto unit = ns ? data::TimeUnit::kNs : data::TimeUnit::kUs;
    if (type_.precision() >= (ns ? 9 : 6)) return;
    int64_t* values = parts_.values.mutable_as<int64_t>();
    for (uint32_t row = 0; row < rows_; ++row) {
      values[row] = data::round_to_precision(values[row], unit, type_.precision());
    }
  }

  void decimals() {
    const auto& array = static_cast<const arrow::Decimal128Array&>(array_);
    const auto& from = static_cast<const arrow::Decimal128Type&>(*array.type());
    const bool narrow = type_.width() == Width::k64;
    parts_.values = Buffer::zeroed(rows_ * data::bytes_per_value(type_.width()));
    for (uint32_t row = 0; row < rows_; ++row) {
      if (is_null(row)) continue;
      data::Int128 value;
      std::memcpy(&value, array.GetValue(row), sizeof(value));
      const auto scaled = data::decimal_rescale(value, from.scale(), type_.scale());
      if (!scaled || !data::fits_digits(*scaled, type_.precision())) {
        reject(row, ErrorCode::kNumericOverflow,
               fmt::format("{} is out of the range of {}",
                           data::decimal_to_string(value, from.scale()), type_.to_string()));
      } else if (narrow) {
        parts_.values.mutable_as<int64_t>()[row] = static_cast<int64_t>(*scaled);
      } else {
        parts_.values.mutable_as<data::Int128>()[row] = *scaled;
      }
    }
  }

  template <class Array>
  void texts() {
    const auto& array = static_cast<const Array&>(array_);
    const bool checked = type_.precision() != 0 || type_.kind() == TypeKind::kJson;
    data::ColumnBuilder builder(type_, rows_);
    FieldFailure failure;
    for (uint32_t row = 0; row < rows_; ++row) {
      if (is_null(row)) {
        builder.append_null();
        continue;
      }
      const auto view = array.GetView(row);
      const std::string_view text(view.data(), view.size());
      if (!checked) {
        builder.append_text(text);
      } else if (!append_text_as_value(builder, text, failure)) {
        builder.append_null();
        reject(row, failure.code, failure.reason);
      }
    }
    const ColumnPtr column = builder.finish();
    parts_.values = column->values();
    parts_.heaps = column->heaps();
  }

  // Elements are converted as a column of their own; what is bad in them makes its row a bad one.
  ColumnPtr convert_elements(const arrow::Array& elements, const Type& type,
                             std::vector<BadValue>& bad) {
    ColumnPtr column = ArrowColumns(type).convert(elements, bad);
    damaged_ |= column == nullptr;
    return column;
  }

  template <class Array>
  void lists() {
    const auto& array = static_cast<const Array&>(array_);
    const auto first = static_cast<int64_t>(rows_ == 0 ? 0 : array.value_offset(0));
    const auto last = static_cast<int64_t>(rows_ == 0 ? 0 : array.value_offset(rows_));
    parts_.values = Buffer::allocate((size_t{rows_} + 1) * sizeof(uint32_t));
    uint32_t* offsets = parts_.values.mutable_as<uint32_t>();
    offsets[0] = 0;
    for (uint32_t row = 0; row < rows_; ++row) {
      offsets[row + 1] = static_cast<uint32_t>(array.value_offset(row + 1) - first);
    }
    const Type element =
        type_.kind() == TypeKind::kMap ? Type::row(type_.fields()) : type_.fields()[0].type;
    std::vector<BadValue> bad;
    parts_.children.push_back(
        convert_elements(*array.values()->Slice(first, last - first), element, bad));
    uint32_t row = 0;
    for (BadValue& value : bad) {
      while (offsets[row + 1] <= value.row) ++row;
      bad_.push_back({row, value.code, std::move(value.reason)});
    }
  }

  void structs() {
    const auto& array = static_cast<const arrow::StructArray&>(array_);
    const bool entry = array_.type()->num_fields() == 2 && type_.fields()[0].name == "key";
    for (size_t index = 0; index < type_.fields().size(); ++index) {
      const data::Field& field = type_.fields()[index];
      // The two fields of a map's entries go by place, those of a ROW by name.
      std::shared_ptr<arrow::Array> child = array.GetFieldByName(field.name);
      if (child == nullptr && entry) child = array.field(static_cast<int>(index));
      parts_.children.push_back(child == nullptr ? data::Column::nulls(field.type, rows_)
                                                 : convert_elements(*child, field.type, bad_));
    }
  }

  const arrow::Array& array_;
  const Type& type_;
  std::vector<BadValue>& bad_;
  const uint32_t rows_;
  data::Column::Parts parts_;
  bool damaged_ = false;
};

bool is_text(ArrowType::type id) {
  return id == ArrowType::STRING || id == ArrowType::BINARY || id == ArrowType::LARGE_STRING ||
         id == ArrowType::LARGE_BINARY || id == ArrowType::FIXED_SIZE_BINARY;
}

bool structs_convert(const arrow::DataType& from, const Type& to) {
  for (const data::Field& field : to.fields()) {
    const auto child = static_cast<const arrow::StructType&>(from).GetFieldByName(field.name);
    if (child != nullptr && !converts(*child->type(), field.type)) return false;
  }
  return true;
}

}  // namespace

std::optional<Type> natural_type(const arrow::DataType& from) {
  const auto digits = [](arrow::TimeUnit::type unit) { return static_cast<int>(unit) * 3; };
  switch (from.id()) {
    case ArrowType::BOOL:
      return TypeKind::kBoolean;
    case ArrowType::INT8:
      return TypeKind::kTinyint;
    case ArrowType::INT16:
    case ArrowType::UINT8:
      return TypeKind::kSmallint;
    case ArrowType::INT32:
    case ArrowType::UINT16:
      return TypeKind::kInt;
    case ArrowType::INT64:
    case ArrowType::UINT32:
    case ArrowType::UINT64:
      return TypeKind::kBigint;
    case ArrowType::FLOAT:
      return TypeKind::kFloat;
    case ArrowType::DOUBLE:
      return TypeKind::kDouble;
    case ArrowType::STRING:
    case ArrowType::LARGE_STRING:
      return TypeKind::kVarchar;
    case ArrowType::BINARY:
    case ArrowType::LARGE_BINARY:
    case ArrowType::FIXED_SIZE_BINARY:
      return TypeKind::kBytes;
    case ArrowType::DATE32:
    case ArrowType::DATE64:
      return TypeKind::kDate;
    case ArrowType::TIME32:
      return Type(TypeKind::kTime, digits(static_cast<const arrow::Time32Type&>(from).unit()));
    case ArrowType::TIME64:
      return Type(TypeKind::kTime, digits(static_cast<const arrow::Time64Type&>(from).unit()));
    case ArrowType::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(from);
      return Type(type.timezone().empty() ? TypeKind::kTimestamp : TypeKind::kTimestampLtz,
                  digits(type.unit()));
    }
    case ArrowType::DECIMAL128: {
      const auto& type = static_cast<const arrow::Decimal128Type&>(from);
      if (type.scale() < 0 || type.scale() > type.precision()) return std::nullopt;
      return Type::decimal(type.precision(), type.scale());
    }
    case ArrowType::DICTIONARY:
      return natural_type(*static_cast<const arrow::DictionaryType&>(from).value_type());
    default:
      return std::nullopt;
  }
}

bool converts(const arrow::DataType& from, const Type& to) {
  const TypeKind kind = to.kind();
  switch (from.id()) {
    case ArrowType::NA:
      return true;
    case ArrowType::BOOL:
      return kind == TypeKind::kBoolean;
    case ArrowType::INT8:
    case ArrowType::INT16:
    case ArrowType::INT32:
    case ArrowType::INT64:
    case ArrowType::UINT8:
    case ArrowType::UINT16:
    case ArrowType::UINT32:
    case ArrowType::UINT64:
      return to.is_integer() || to.is_float();
    case ArrowType::FLOAT:
    case ArrowType::DOUBLE:
      return to.is_float();
    case ArrowType::DATE32:
    case ArrowType::DATE64:
      return kind == TypeKind::kDate;
    case ArrowType::TIME32:
    case ArrowType::TIME64:
      return kind == TypeKind::kTime;
    case ArrowType::TIMESTAMP:
      return to.is_timestamp();
    case ArrowType::DECIMAL128: {
      const int scale = static_cast<const arrow::Decimal128Type&>(from).scale();
      return kind == TypeKind::kDecimal && scale >= 0 && scale <= data::kDecimalDigitsMax;
    }
    case ArrowType::LIST:
    case ArrowType::LARGE_LIST:
      return kind == TypeKind::kArray && converts(*from.field(0)->type(), to.fields()[0].type);
    case ArrowType::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(from);
      return kind == TypeKind::kMap && converts(*map.key_type(), to.fields()[0].type) &&
             converts(*map.item_type(), to.fields()[1].type);
    }
    case ArrowType::STRUCT:
      return kind == TypeKind::kRow && structs_convert(from, to);
    case ArrowType::DICTIONARY: {
      const auto& type = static_cast<const arrow::DictionaryType&>(from);
      return type.index_type()->id() == ArrowType::INT32 && converts(*type.value_type(), to);
    }
    default:
      return is_text(from.id()) && to.width() == Width::kView;
  }
}

ColumnPtr ArrowColumns::convert(const arrow::Array& array, std::vector<BadValue>& bad) {
  if (array.type_id() == ArrowType::DICTIONARY) return convert_dictionary(array, bad);
  return Conversion(array, type_, bad).run();
}

ColumnPtr ArrowColumns::convert_dictionary(const arrow::Array& array, std::vector<BadValue>& bad) {
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
  const std::shared_ptr<arrow::Array>& values = encoded.dictionary();
  if (dictionary_ != values && (dictionary_ == nullptr || !dictionary_->Equals(*values))) {
    std::vector<BadValue> bad_entries;
    known_ = Conversion(*values, type_, bad_entries).run();
    // Entries that do not fit are rare: then every row is looked at by itself.
    if (!bad_entries.empty() || known_->may_have_nulls()) known_ = nullptr;
  }
  dictionary_ = values;
  const auto rows = static_cast<uint32_t>(array.length());
  const auto& indices = static_cast<const arrow::Int32Array&>(*encoded.indices());
  MILLRACE_ASSERT(indices.type_id() == ArrowType::INT32);
  Buffer to = Buffer::allocate(rows * sizeof(uint32_t));
  Buffer validity = validity_of(array);
  uint32_t* places = to.mutable_as<uint32_t>();
  std::memcpy(places, indices.raw_values(), rows * sizeof(uint32_t));
  if (validity) {
    // An index of a NULL row is not specified.
    for (uint32_t row = 0; row < rows; ++row) {
      if (!data::get_bit(validity.as<uint64_t>(), row)) places[row] = 0;
    }
  }
  if (values->length() == 0) {
    return array.null_count() == array.length() ? data::Column::nulls(type_, rows) : nullptr;
  }
  // Files say what they like; a column of ours may not.
  uint32_t highest = 0;
  for (uint32_t row = 0; row < rows; ++row) highest = std::max(highest, places[row]);
  if (highest >= values->length()) return nullptr;
  if (known_ != nullptr) {
    return data::Column::dictionary(known_, std::move(to), std::move(validity), rows);
  }
  std::vector<BadValue> bad_entries;
  const ColumnPtr entries = Conversion(*values, type_, bad_entries).run();
  for (uint32_t row = 0; row < rows; ++row) {
    if (validity && !data::get_bit(validity.as<uint64_t>(), row)) continue;
    for (const BadValue& entry : bad_entries) {
      if (entry.row == places[row]) bad.push_back({row, entry.code, entry.reason});
    }
  }
  ColumnPtr column = gather(entries, places, rows);
  if (!validity) return column;
  uint64_t* words = validity.mutable_as<uint64_t>();
  for (uint32_t row = 0; row < rows; ++row) {
    if (column->is_null(row)) data::clear_bit(words, row);
  }
  return column->with_validity(std::move(validity));
}

}  // namespace millrace::formats

#endif  // MILLRACE_WITH_PARQUET
