#include "data/builder.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::data {
namespace {

constexpr size_t kHeapBytesMin = 16 << 10;
constexpr size_t kHeapBytesMax = 1 << 20;
constexpr uint32_t kCapacityMin = 16;

size_t values_bytes(Width width, uint32_t rows) {
  switch (width) {
    case Width::k1:
      return bitmap_bytes(rows);
    case Width::kList:
      return (size_t{rows} + 1) * sizeof(uint32_t);
    default:
      return rows * bytes_per_value(width);
  }
}

// Makes `buffer` larger, keeping `used` bytes.
void enlarge(Buffer& buffer, size_t used, size_t bytes, MemoryAccount* account) {
  Buffer larger = Buffer::allocate(bytes, account);
  if (used != 0) std::memcpy(larger.mutable_data(), buffer.data(), used);
  buffer = std::move(larger);
}

}  // namespace

ColumnBuilder::ColumnBuilder(Type type, uint32_t rows_reserve, MemoryAccount* account)
    : type_(std::move(type)),
      width_(type_.width()),
      account_(account),
      reserve_(rows_reserve),
      reserve_max_(rows_reserve),
      heap_bytes_next_(kHeapBytesMin) {
  if (type_.kind() == TypeKind::kMap) {
    children_.push_back(
        std::make_unique<ColumnBuilder>(Type::row(type_.fields()), rows_reserve, account));
    return;
  }
  for (const Field& field : type_.fields()) {
    children_.push_back(std::make_unique<ColumnBuilder>(field.type, rows_reserve, account));
  }
}

void ColumnBuilder::grow(uint32_t rows) {
  const uint32_t wanted = capacity_ == 0 ? std::max(rows, reserve_) : std::max(rows, capacity_ * 2);
  const uint32_t capacity = std::max(wanted, kCapacityMin);
  if (width_ != Width::kNone && width_ != Width::kGroup) {
    const size_t used = capacity_ == 0 ? 0 : values_bytes(width_, rows_);
    enlarge(values_, used, values_bytes(width_, capacity), account_);
    if (width_ == Width::kList && capacity_ == 0) values_.mutable_as<uint32_t>()[0] = 0;
  }
  if (validity_) {
    enlarge(validity_, bitmap_bytes(capacity_), bitmap_bytes(capacity), account_);
    const size_t filled = bitmap_bytes(capacity_);
    std::memset(validity_.mutable_data() + filled, 0xff, bitmap_bytes(capacity) - filled);
  }
  capacity_ = capacity;
}

void ColumnBuilder::allocate_validity() {
  const size_t bytes = bitmap_bytes(std::max<uint32_t>(capacity_, 1));
  validity_ = Buffer::allocate(bytes, account_);
  std::memset(validity_.mutable_data(), 0xff, bytes);
}

void ColumnBuilder::append_null() {
  if (rows_ == capacity_) [[unlikely]]
    grow(rows_ + 1);
  switch (width_) {
    case Width::kNone:
      break;
    case Width::k1:
      clear_bit(values_.mutable_as<uint64_t>(), rows_);
      break;
    case Width::kGroup:
      for (const auto& child : children_) child->append_null();
      break;
    case Width::kList:
      values_.mutable_as<uint32_t>()[rows_ + 1] = children_[0]->rows();
      break;
    default: {
      const size_t bytes = bytes_per_value(width_);
      std::memset(values_.mutable_data() + rows_ * bytes, 0, bytes);
    }
  }
  if (!validity_) [[unlikely]]
    allocate_validity();
  clear_bit(validity_.mutable_as<uint64_t>(), rows_++);
}

void ColumnBuilder::append_integer(int64_t value) {
  switch (width_) {
    case Width::k8:
      return append(static_cast<int8_t>(value));
    case Width::k16:
      return append(static_cast<int16_t>(value));
    case Width::k32:
      return append(static_cast<int32_t>(value));
    case Width::k64:
      return append(value);
    case Width::k128:
      return append(Int128{value});
    case Width::kF32:
      return append(static_cast<float>(value));
    case Width::kF64:
      return append(static_cast<double>(value));
    default:
      MILLRACE_ASSERT(!"an integer width");
  }
}

void ColumnBuilder::append_list_value(const Value& value) {
  const Value::List& list = value.list();
  if (width_ == Width::kGroup) {
    MILLRACE_ASSERT(list.size() == children_.size());
    for (size_t index = 0; index < list.size(); ++index)
      children_[index]->append_value(list[index]);
    end_row();
    return;
  }
  if (type_.kind() == TypeKind::kMap) {
    MILLRACE_ASSERT(list.size() % 2 == 0);
    for (size_t index = 0; index < list.size(); index += 2) {
      children_[0]->child(0).append_value(list[index]);
      children_[0]->child(1).append_value(list[index + 1]);
      children_[0]->end_row();
    }
  } else {
    for (const Value& element : list) children_[0]->append_value(element);
  }
  end_list();
}

void ColumnBuilder::append_value(const Value& value) {
  if (value.is_null() || width_ == Width::kNone) return append_null();
  switch (width_) {
    case Width::k1:
      return append_boolean(value.boolean());
    case Width::kView:
      return append_text(value.text());
    case Width::k128:
      return append(value.holds<Int128>() ? value.wide() : Int128{value.integer()});
    case Width::kF32:
      return append(static_cast<float>(value.holds<int64_t>() ? static_cast<double>(value.integer())
                                                              : value.real()));
    case Width::kF64:
      return append(value.holds<int64_t>() ? static_cast<double>(value.integer()) : value.real());
    case Width::kList:
    case Width::kGroup:
      return append_list_value(value);
    default:
      return append_integer(value.integer());
  }
}

void ColumnBuilder::append_from(const Column& column, uint32_t row) {
  if (column.is_null(row)) return append_null();
  if (column.encoding() == Encoding::kDictionary) {
    return append_from(*column.dictionary(), column.data<uint32_t>()[row]);
  }
  const uint32_t place = column.is_flat() ? row : 0;
  switch (width_) {
    case Width::kNone:
      return append_null();
    case Width::k1:
      return append_boolean(get_bit(column.data<uint64_t>(), place));
    case Width::k8:
      return append(column.data<int8_t>()[place]);
    case Width::k16:
      return append(column.data<int16_t>()[place]);
    case Width::k32:
      return append(column.data<int32_t>()[place]);
    case Width::k64:
      return append(column.data<int64_t>()[place]);
    case Width::k128:
      return append(column.data<Int128>()[place]);
    case Width::kF32:
      return append(column.data<float>()[place]);
    case Width::kF64:
      return append(column.data<double>()[place]);
    case Width::kView:
      return append_text(column.text_of(column.data<Text>()[place]));
    case Width::kGroup:
      for (size_t index = 0; index < children_.size(); ++index) {
        children_[index]->append_from(*column.children()[index], place);
      }
      return end_row();
    case Width::kList: {
      const uint32_t* offsets = column.data<uint32_t>();
      for (uint32_t at = offsets[place]; at < offsets[place + 1]; ++at) {
        children_[0]->append_from(*column.children()[0], at);
      }
      return end_list();
    }
  }
}

uint32_t ColumnBuilder::add_heap(Buffer heap) {
  seal_heap();
  heaps_.push_back(std::move(heap));
  return static_cast<uint32_t>(heaps_.size() - 1);
}

void ColumnBuilder::end_list() {
  if (rows_ == capacity_) [[unlikely]]
    grow(rows_ + 1);
  values_.mutable_as<uint32_t>()[++rows_] = children_[0]->rows();
}

Text ColumnBuilder::place_text(std::string_view bytes) {
  if (heap_used_ + bytes.size() > heap_.bytes()) [[unlikely]]
    open_heap(bytes.size());
  std::memcpy(heap_.mutable_data() + heap_used_, bytes.data(), bytes.size());
  const Text text = Text::placed(bytes, heap_number_, static_cast<uint32_t>(heap_used_));
  heap_used_ += bytes.size();
  return text;
}

void ColumnBuilder::open_heap(size_t bytes_min) {
  seal_heap();
  heap_ = Buffer::allocate(std::max(bytes_min, heap_bytes_next_), account_);
  heap_number_ = static_cast<uint32_t>(heaps_.size());
  heaps_.emplace_back();  // its place, filled when it is sealed
  heap_bytes_next_ = std::min(heap_bytes_next_ * 2, kHeapBytesMax);
}

void ColumnBuilder::seal_heap() {
  if (!heap_) return;
  heap_.truncate(heap_used_);
  heaps_[heap_number_] = std::move(heap_);
  heap_ = Buffer();
  heap_used_ = 0;
}

void ColumnBuilder::truncate(uint32_t rows) {
  if (rows >= rows_) {
    // Elements of a list whose end_list never came.
    if (width_ == Width::kList && capacity_ != 0) {
      children_[0]->truncate(values_.as<uint32_t>()[rows_]);
    } else if (width_ == Width::kList) {
      children_[0]->truncate(0);
    } else if (width_ == Width::kGroup) {
      for (const auto& child : children_) child->truncate(rows_);
    }
    return;
  }
  if (validity_) fill_ones(validity_.mutable_as<uint64_t>(), rows, rows_ - rows);
  rows_ = rows;
  truncate(rows);
}

ColumnPtr ColumnBuilder::finish() {
  seal_heap();
  if (capacity_ == 0) grow(rows_ + 1);
  size_t heap_bytes = 0;
  for (const Buffer& heap : heaps_) heap_bytes += heap.bytes();
  // The next column will most likely need as much.
  reserve_ = std::clamp(rows_ + rows_ / 8, std::min(kCapacityMin, reserve_max_), reserve_max_);
  heap_bytes_next_ = std::clamp(heap_bytes + heap_bytes / 8, kHeapBytesMin, kHeapBytesMax);
  Column::Parts parts;
  parts.type = type_;
  parts.rows = rows_;
  values_.truncate(values_bytes(width_, rows_));
  parts.values = std::move(values_);
  if (validity_ && count_ones(validity_.as<uint64_t>(), rows_) != rows_) {
    validity_.truncate(bitmap_bytes(rows_));
    parts.validity = std::move(validity_);
  }
  parts.heaps = std::move(heaps_);
  for (const auto& child : children_) parts.children.push_back(child->finish());
  values_ = Buffer();
  validity_ = Buffer();
  heaps_.clear();
  rows_ = 0;
  capacity_ = 0;
  return Column::flat(std::move(parts));
}

BatchBuilder::BatchBuilder(SchemaPtr schema, uint32_t rows_reserve, MemoryAccount* account)
    : schema_(std::move(schema)) {
  columns_.reserve(schema_->columns());
  for (const Field& field : schema_->fields()) {
    columns_.emplace_back(field.type, rows_reserve, account);
  }
}

void BatchBuilder::put_sign(Sign sign) {
  if (rows_ >= signs_.bytes()) {
    Buffer larger = Buffer::zeroed(std::max<size_t>(rows_ * size_t{2}, kBatchRowsMax));
    if (signs_) std::memcpy(larger.mutable_data(), signs_.data(), rows_);
    signs_ = std::move(larger);
  }
  signs_.mutable_as<Sign>()[rows_] = sign;
}

void BatchBuilder::end_rows(uint32_t count) {
  if (!signs_) {
    rows_ += count;
    return;
  }
  for (uint32_t n = 0; n < count; ++n) end_row();
}

void BatchBuilder::append_row(std::span<const Value> values, Sign sign) {
  MILLRACE_ASSERT(values.size() == columns_.size());
  for (size_t index = 0; index < values.size(); ++index)
    columns_[index].append_value(values[index]);
  end_row(sign);
}

void BatchBuilder::drop_open_row() {
  for (ColumnBuilder& column : columns_) column.truncate(rows_);
}

Batch BatchBuilder::finish() {
  std::vector<ColumnPtr> columns;
  columns.reserve(columns_.size());
  for (ColumnBuilder& column : columns_) {
    MILLRACE_ASSERT(column.rows() == rows_);
    columns.push_back(column.finish());
  }
  Batch batch(schema_, std::move(columns), rows_);
  if (signs_) {
    signs_.truncate(rows_);
    batch = std::move(batch).with_signs(std::move(signs_));
    signs_ = Buffer();
  }
  rows_ = 0;
  return batch;
}

}  // namespace millrace::data
