#include "connectors/datagen/field_generator.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <limits>

#include "connectors/datagen/random_mix.h"
#include "data/decimal.h"
#include "formats/text_values.h"

namespace millrace::connectors {
namespace {

using data::ColumnBuilder;
using data::Int128;
using data::Type;
using data::TypeKind;
using data::UInt128;
using data::Width;
using GeneratorPtr = std::unique_ptr<FieldGenerator>;

constexpr int64_t kTextLengthDefault = 100;
constexpr int64_t kTextLengthMax = 1 << 20;
constexpr int64_t kElementsDefault = 3;
constexpr int64_t kElementsMax = 1'000;
constexpr int64_t kUsPerDay = 86'400'000'000;
constexpr int64_t kMonthsMax = 1'200;

struct Range {
  Int128 min = 0;
  Int128 max = 0;
};

// Unscaled values of a type that is stored as an integer.
Range full_range(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kTinyint:
      return {std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()};
    case TypeKind::kSmallint:
      return {std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()};
    case TypeKind::kInt:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case TypeKind::kDecimal:
      return {1 - data::power_of_ten(type.precision()), data::power_of_ten(type.precision()) - 1};
    case TypeKind::kIntervalMonth:
      return {0, kMonthsMax};
    case TypeKind::kIntervalDay:
      return {0, kUsPerDay};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  }
}

// Calls `value(row)` for every row and stores what it gives in the width of the column.
template <class Value>
void append_integers(uint64_t first, uint32_t count, ColumnBuilder& to, const Value& value) {
  const auto fill = [&]<class T>(T* into) {
    for (uint32_t n = 0; n < count; ++n) into[n] = static_cast<T>(value(first + n));
  };
  switch (to.width()) {
    case Width::k8:
      return fill(to.extend<int8_t>(count));
    case Width::k16:
      return fill(to.extend<int16_t>(count));
    case Width::k32:
      return fill(to.extend<int32_t>(count));
    case Width::k128:
      return fill(to.extend<Int128>(count));
    default:
      return fill(to.extend<int64_t>(count));
  }
}

class RandomInteger final : public FieldGenerator {
 public:
  RandomInteger(RandomMix mix, Range range)
      : mix_(mix), min_(range.min), span_(static_cast<UInt128>(range.max - range.min) + 1) {}
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    if (span_ <= UInt128{1} << 64) {
      append_integers(first, count, to, [&](uint64_t row) {
        return static_cast<Int128>(static_cast<UInt128>(min_) + mix_.below(row, span_));
      });
      return;
    }
    append_integers(first, count, to, [&](uint64_t row) {
      const UInt128 bits = static_cast<UInt128>(mix_.at(row)) << 64 | mix_.at(~row);
      return static_cast<Int128>(static_cast<UInt128>(min_) + bits % span_);
    });
  }

 private:
  const RandomMix mix_;
  const Int128 min_;
  const UInt128 span_;
};

template <class T>
class RandomReal final : public FieldGenerator {
 public:
  RandomReal(RandomMix mix, double min, double max) : mix_(mix), min_(min), max_(max) {}
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    T* const into = to.extend<T>(count);
    for (uint32_t n = 0; n < count; ++n) {
      const double share = mix_.share(first + n);
      into[n] = static_cast<T>(min_ * (1 - share) + max_ * share);
    }
  }

 private:
  const RandomMix mix_;
  const double min_;
  const double max_;
};

class RandomBoolean final : public FieldGenerator {
 public:
  explicit RandomBoolean(RandomMix mix) : mix_(mix) {}
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    for (uint32_t n = 0; n < count; ++n) to.append_boolean(mix_.at(first + n) >> 63 != 0);
  }

 private:
  const RandomMix mix_;
};

// Hexadecimal digits, or any bytes.
class RandomText final : public FieldGenerator {
 public:
  RandomText(RandomMix mix, size_t length, bool varies, bool bytes)
      : mix_(mix), length_(length), varies_(varies), bytes_(bytes) {}
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    std::string text;
    for (uint32_t n = 0; n < count; ++n) {
      const uint64_t draw = mix_.at(first + n);
      make(draw, varies_ ? 1 + draw % length_ : length_, text);
      to.append_text(text);
    }
  }

 private:
  void make(uint64_t draw, size_t length, std::string& text) const {
    text.resize(length);
    uint64_t bits = 0;
    for (size_t at = 0; at < length; ++at) {
      if (at % 8 == 0) bits = mix_.at(draw + at);
      text[at] = bytes_ ? static_cast<char>(bits & 0xff) : "0123456789abcdef"[bits & 0xf];
      bits >>= 8;
    }
  }

  const RandomMix mix_;
  const size_t length_;
  const bool varies_;
  const bool bytes_;
};

// The moment of the row, or one before it.
class RandomTime final : public FieldGenerator {
 public:
  RandomTime(RandomMix mix, const Type& type, const DatagenClock& clock, int64_t past_us)
      : mix_(mix),
        clock_(clock),
        past_us_(past_us),
        kind_(type.kind()),
        counts_ns_(type.counts_ns()) {
    for (int digit = type.precision(); digit < 6; ++digit) step_us_ *= 10;
  }
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    append_integers(first, count, to, [&](uint64_t row) { return value(row); });
  }

 private:
  static int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
  }
  int64_t value(uint64_t row) const {
    int64_t us = clock_.time_us(row);
    if (past_us_ > 0) us -= static_cast<int64_t>(mix_.below(row, static_cast<UInt128>(past_us_)));
    if (kind_ == TypeKind::kDate) return floor_div(us, kUsPerDay);
    if (kind_ == TypeKind::kTime) us -= floor_div(us, kUsPerDay) * kUsPerDay;
    us = floor_div(us, step_us_) * step_us_;
    return counts_ns_ ? us * 1'000 : us;
  }

  const RandomMix mix_;
  const DatagenClock clock_;
  const int64_t past_us_;
  const TypeKind kind_;
  const bool counts_ns_;
  int64_t step_us_ = 1;
};

// start, start + 1, …, end.
class Sequence final : public FieldGenerator {
 public:
  Sequence(int64_t start, int64_t end, const Type& type)
      : start_(start),
        rows_(static_cast<uint64_t>(end) - static_cast<uint64_t>(start) + 1),
        scale_(type.kind() == TypeKind::kDecimal ? data::power_of_ten(type.scale()) : 1) {}
  uint64_t rows() const override { return rows_; }
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    switch (to.width()) {
      case Width::kF32:
        return append_reals(first, count, to.extend<float>(count));
      case Width::kF64:
        return append_reals(first, count, to.extend<double>(count));
      case Width::kView:
        for (uint32_t n = 0; n < count; ++n) to.append_text(fmt::format("{}", at(first + n)));
        return;
      default:
        return append_integers(first, count, to,
                               [&](uint64_t row) { return Int128{at(row)} * scale_; });
    }
  }

 private:
  int64_t at(uint64_t row) const {
    return static_cast<int64_t>(static_cast<uint64_t>(start_) + row);
  }
  template <class T>
  void append_reals(uint64_t first, uint32_t count, T* into) const {
    for (uint32_t n = 0; n < count; ++n) into[n] = static_cast<T>(at(first + n));
  }

  const int64_t start_;
  const uint64_t rows_;
  const Int128 scale_;
};

class RowGenerator final : public FieldGenerator {
 public:
  explicit RowGenerator(std::vector<GeneratorPtr> members) : members_(std::move(members)) {}
  uint64_t rows() const override {
    uint64_t rows = kEndless;
    for (const GeneratorPtr& member : members_) rows = std::min(rows, member->rows());
    return rows;
  }
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    for (size_t at = 0; at < members_.size(); ++at) {
      members_[at]->append(first, count, to.child(at));
    }
    for (uint32_t n = 0; n < count; ++n) to.end_row();
  }

 private:
  const std::vector<GeneratorPtr> members_;
};

// `length` elements each: of an ARRAY one generator, of a MAP those of key and value.
class ListGenerator final : public FieldGenerator {
 public:
  ListGenerator(std::vector<GeneratorPtr> elements, uint32_t length)
      : elements_(std::move(elements)), length_(length) {}
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    for (uint32_t n = 0; n < count; ++n) {
      const uint64_t number = (first + n) * kElementsMax;
      ColumnBuilder& entries = to.child(0);
      if (elements_.size() == 1) {
        elements_[0]->append(number, length_, entries);
      } else {
        elements_[0]->append(number, length_, entries.child(0));
        elements_[1]->append(number, length_, entries.child(1));
        for (uint32_t entry = 0; entry < length_; ++entry) entries.end_row();
      }
      to.end_list();
    }
  }

 private:
  const std::vector<GeneratorPtr> elements_;
  const uint32_t length_;
};

// NULL with a probability, else what `inner` gives.
class WithNulls final : public FieldGenerator {
 public:
  WithNulls(RandomMix mix, double rate, GeneratorPtr inner)
      : mix_(mix), rate_(rate), inner_(std::move(inner)) {}
  uint64_t rows() const override { return inner_->rows(); }
  void append(uint64_t first, uint32_t count, ColumnBuilder& to) const override {
    for (uint32_t n = 0; n < count; ++n) {
      if (mix_.share(first + n) < rate_) {
        to.append_null();
      } else {
        inner_->append(first + n, 1, to);
      }
    }
  }

 private:
  const RandomMix mix_;
  const double rate_;
  const GeneratorPtr inner_;
};

// FieldMaker: one field's options -> its generator.
class FieldMaker {
 public:
  FieldMaker(const Type& type, std::string field, uint64_t seed, const DatagenClock& clock,
             FieldOptions& options)
      : type_(type),
        field_(std::move(field)),
        seed_(seed),
        mix_(seed, field_),
        clock_(clock),
        options_(options) {}

  Result<GeneratorPtr> make() {
    options_.declare(field_);
    GeneratorPtr made = MILLRACE_TRY(by_kind());
    const double null_rate = MILLRACE_TRY(options_.take_share(field_, "null-rate"));
    if (null_rate <= 0) return made;
    return std::make_unique<WithNulls>(RandomMix(seed_, field_ + ".null"), null_rate,
                                       std::move(made));
  }

 private:
  Result<GeneratorPtr> by_kind() {
    const std::string kind = options_.take(field_, "kind").value_or("random");
    if (kind == "sequence") return sequence();
    if (kind != "random") {
      return FieldOptions::invalid(field_, "kind", kind, "'random' or 'sequence'");
    }
    switch (type_.kind()) {
      case TypeKind::kBoolean:
        return std::make_unique<RandomBoolean>(mix_);
      case TypeKind::kChar:
      case TypeKind::kVarchar:
      case TypeKind::kBytes:
        return text();
      case TypeKind::kDate:
      case TypeKind::kTime:
      case TypeKind::kTimestamp:
      case TypeKind::kTimestampLtz:
        return std::make_unique<RandomTime>(
            mix_, type_, clock_, MILLRACE_TRY(options_.take_duration_us(field_, "max-past")));
      case TypeKind::kFloat:
        return real<float>();
      case TypeKind::kDouble:
        return real<double>();
      case TypeKind::kRow:
        return row();
      case TypeKind::kArray:
      case TypeKind::kMap:
        return list();
      case TypeKind::kNull:
      case TypeKind::kJson:
        return Error(ErrorCode::kTypeMismatch,
                     fmt::format("column '{}' is a {}, of which no values can be made up", field_,
                                 type_.to_string()))
            .remedy("Declare it as another type.");
      default:
        return integer();
    }
  }

  Result<GeneratorPtr> integer() {
    Range range = full_range(type_);
    if (type_.is_numeric()) {
      range.min = MILLRACE_TRY(bound("min", range.min));
      range.max = MILLRACE_TRY(bound("max", range.max));
    }
    if (range.max < range.min) return empty_range();
    return std::make_unique<RandomInteger>(mix_, range);
  }

  template <class T>
  Result<GeneratorPtr> real() {
    double least = -static_cast<double>(std::numeric_limits<T>::max());
    double most = -least;
    if (auto value = options_.take(field_, "min")) least = MILLRACE_TRY(number("min", *value));
    if (auto value = options_.take(field_, "max")) most = MILLRACE_TRY(number("max", *value));
    if (most < least) return empty_range();
    return std::make_unique<RandomReal<T>>(mix_, least, most);
  }

  Result<GeneratorPtr> text() {
    int64_t length = kTextLengthDefault;
    if (type_.is_text() && type_.precision() > 0) {
      length = type_.kind() == TypeKind::kChar ? type_.precision()
                                               : std::min<int64_t>(length, type_.precision());
    }
    length = MILLRACE_TRY(options_.take_count(field_, "length", length, kTextLengthMax));
    const bool varies = MILLRACE_TRY(options_.take_boolean(field_, "var-len")) && length > 0;
    if (type_.is_text() && type_.precision() > 0 && length > type_.precision()) {
      return FieldOptions::invalid(field_, "length", fmt::format("{}", length),
                                   fmt::format("at most {}", type_.precision()));
    }
    return std::make_unique<RandomText>(mix_, static_cast<size_t>(length), varies,
                                        type_.kind() == TypeKind::kBytes);
  }

  Result<GeneratorPtr> row() {
    std::vector<GeneratorPtr> members;
    for (const data::Field& member : type_.fields()) {
      members.push_back(MILLRACE_TRY(inner(member)));
    }
    return std::make_unique<RowGenerator>(std::move(members));
  }

  Result<GeneratorPtr> list() {
    const int64_t length =
        MILLRACE_TRY(options_.take_count(field_, "length", kElementsDefault, kElementsMax));
    std::vector<GeneratorPtr> elements;
    for (const data::Field& element : type_.fields()) {
      elements.push_back(MILLRACE_TRY(inner(element)));
      if (elements.back()->rows() == FieldGenerator::kEndless) continue;
      return FieldOptions::invalid(field_ + "." + element.name, "kind", "sequence",
                                   "'random' inside of arrays and maps");
    }
    return std::make_unique<ListGenerator>(std::move(elements), static_cast<uint32_t>(length));
  }

  Result<GeneratorPtr> inner(const data::Field& field) {
    return FieldMaker(field.type, field_ + "." + field.name, seed_, clock_, options_).make();
  }

  Result<GeneratorPtr> sequence() {
    const bool counts = type_.is_numeric() || type_.is_text();
    if (!counts) {
      return FieldOptions::invalid(field_, "kind", "sequence",
                                   "'random' for a " + type_.to_string());
    }
    const int64_t start = MILLRACE_TRY(end_of_sequence("start"));
    const int64_t end = MILLRACE_TRY(end_of_sequence("end"));
    if (end < start) {
      return FieldOptions::invalid(field_, "end", fmt::format("{}", end),
                                   fmt::format("at least the start, {}", start));
    }
    return std::make_unique<Sequence>(start, end, type_);
  }

  Result<int64_t> end_of_sequence(const std::string& option) {
    const auto value = options_.take(field_, option);
    if (!value) {
      return Error(ErrorCode::kMissingOption,
                   fmt::format("a sequence needs option 'fields.{}.{}'", field_, option))
          .remedy("Add 'fields.*.start' and 'fields.*.end', the first and the last number.");
    }
    if (type_.is_integer() || type_.kind() == TypeKind::kDecimal) {
      Range range = full_range(type_);
      const Int128 scale =
          type_.kind() == TypeKind::kDecimal ? data::power_of_ten(type_.scale()) : 1;
      const auto number = data::parse_decimal(*value, 0);
      if (!number || *number > range.max / scale || *number < range.min / scale) {
        return FieldOptions::invalid(field_, option, *value, "a " + type_.to_string());
      }
    }
    const Int128 number = MILLRACE_TRY(parsed(option, *value, Type(TypeKind::kBigint)));
    return static_cast<int64_t>(number);
  }

  Result<Int128> bound(const std::string& option, Int128 fallback) {
    const auto value = options_.take(field_, option);
    return value ? parsed(option, *value, type_) : fallback;
  }

  Result<double> number(const std::string& option, const std::string& value) {
    ColumnBuilder read{Type(TypeKind::kDouble), 1};
    formats::FieldFailure failure;
    if (!formats::append_text_as_value(read, value, failure)) {
      return FieldOptions::invalid(field_, option, value, "a number");
    }
    const double number = read.finish()->value(0).real();
    if (!std::isfinite(number)) return FieldOptions::invalid(field_, option, value, "finite");
    return number;
  }

  Result<Int128> parsed(const std::string& option, const std::string& text, const Type& type) {
    ColumnBuilder read(type, 1);
    formats::FieldFailure failure;
    if (!formats::append_text_as_value(read, text, failure)) {
      return FieldOptions::invalid(field_, option, text, "a " + type.to_string());
    }
    const data::Value value = read.finish()->value(0);
    return value.holds<Int128>() ? value.wide() : Int128{value.integer()};
  }

  Error empty_range() const {
    return Error(ErrorCode::kInvalidOptionValue,
                 fmt::format("'fields.{}.max' is below 'fields.{}.min'", field_, field_));
  }

  const Type& type_;
  const std::string field_;
  const uint64_t seed_;
  const RandomMix mix_;
  const DatagenClock& clock_;
  FieldOptions& options_;
};

}  // namespace

Result<GeneratorPtr> make_field_generator(const Type& type, const std::string& field, uint64_t seed,
                                          const DatagenClock& clock, FieldOptions& options) {
  return FieldMaker(type, field, seed, clock, options).make();
}

}  // namespace millrace::connectors
