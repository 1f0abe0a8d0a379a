#include <algorithm>
#include <unordered_set>

#include "data/canonical_bits.h"
#include "data/predicate.h"
#include "expr/kernel_loops.h"
#include "expr/program.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::Width;

// Up to here one value after the other is compared.
constexpr size_t kScanMax = 8;

// Whole numbers of any width, dates, times.
template <class T>
class WholeSet {
 public:
  explicit WholeSet(const std::vector<data::Value>& list) {
    for (const data::Value& value : list) {
      if constexpr (sizeof(T) == 16) {
        values_.push_back(value.wide());
      } else {
        values_.push_back(static_cast<T>(value.integer()));
      }
    }
  }
  bool contains(T value) const {
    if (values_.size() > kScanMax) {
      return std::binary_search(values_.begin(), values_.end(), value);
    }
    bool found = false;
    for (const T& one : values_) found |= one == value;
    return found;
  }

 private:
  std::vector<T> values_;  // sorted
};

// Zero is zero and NaN is NaN.
template <class T>
class RealSet {
 public:
  explicit RealSet(const std::vector<data::Value>& list) {
    for (const data::Value& value : list) {
      bits_.insert(data::canonical_bits(static_cast<T>(value.real())));
    }
  }
  bool contains(T value) const { return bits_.contains(data::canonical_bits(value)); }

 private:
  std::unordered_set<uint64_t> bits_;
};

class TextSet {
 public:
  explicit TextSet(const std::vector<data::Value>& list) {
    for (const data::Value& value : list) texts_.insert(value.text());
    for (const data::Value& value : list) {
      all_short_ &= value.text().size() <= data::Text::kInlineBytesMax;
    }
    if (list.size() > kScanMax) all_short_ = false;
    if (!all_short_) return;
    for (const data::Value& value : list) {
      short_.push_back(std::bit_cast<Bits>(data::Text::inlined(value.text())));
    }
  }
  bool contains(const Column& column, const data::Text& text) const {
    if (!all_short_) return texts_.contains(column.text_of(text));
    const Bits bits = std::bit_cast<Bits>(text);
    bool found = false;
    for (const Bits& one : short_) found |= one == bits;
    return found;
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Bits {
    uint64_t first;
    uint64_t second;
    bool operator==(const Bits& other) const {
      return ((first ^ other.first) | (second ^ other.second)) == 0;
    }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
  bool all_short_ = true;
  std::vector<Bits> short_;  // equal short texts are equal as 16 bytes
};

// found(row) per row, as a kernel, so that constants and dictionaries are seen to.
class InListKernel : public Kernel {
 public:
  InListKernel(const InList& in, Type type) : in_(in), type_(std::move(type)) {
    if (type_.width() == Width::kView) texts_ = std::make_unique<TextSet>(in_.list);
  }

  ColumnPtr run(KernelCall& call) override {
    switch (type_.width()) {
      case Width::k8:
        return test<WholeSet<int8_t>, int8_t>(call);
      case Width::k16:
        return test<WholeSet<int16_t>, int16_t>(call);
      case Width::k32:
        return test<WholeSet<int32_t>, int32_t>(call);
      case Width::k64:
        return test<WholeSet<int64_t>, int64_t>(call);
      case Width::k128:
        return test<WholeSet<data::Int128>, data::Int128>(call);
      case Width::kF32:
        return test<RealSet<float>, float>(call);
      case Width::kF64:
        return test<RealSet<double>, double>(call);
      case Width::kView: {
        const Column& column = call.argument(0);
        const Reader<data::Text> texts(column);
        return answer(call, [&](uint32_t row) { return texts_->contains(column, texts[row]); });
      }
      default:
        return answer(call, [&](uint32_t row) { return find(call.argument(0).value(row)); });
    }
  }

 private:
  template <class Set, class T>
  ColumnPtr test(KernelCall& call) {
    const Set set(in_.list);
    const Reader<T> values(call.argument(0));
    return answer(call, [&](uint32_t row) { return set.contains(values[row]); });
  }

  bool find(const data::Value& value) const {
    return std::any_of(in_.list.begin(), in_.list.end(), [&](const data::Value& one) {
      return data::compare(one, value, type_) == 0;
    });
  }

  template <class Found>
  ColumnPtr answer(KernelCall& call, Found&& found) const {
    const bool negated = in_.negated;
    ColumnPtr column =
        boolean_rows(call, false, [&](uint32_t row) { return found(row) != negated; });
    if (!in_.has_null) return column;
    // Not found among values and NULLs: unknown.
    Buffer validity = column->values();
    if (negated) {
      validity = Buffer::allocate(column->values().bytes(), call.memory);
      const auto* from = column->data<uint64_t>();
      auto* to = validity.mutable_as<uint64_t>();
      for (size_t word = 0; word < data::bitmap_words(column->rows()); ++word)
        to[word] = ~from[word];
    }
    return column->with_validity(std::move(validity));
  }

  InList in_;
  Type type_;
  std::unique_ptr<TextSet> texts_;
};

class InListNode : public Node {
 public:
  InListNode(const InList& in, NodePtr operand)
      : kernel_(in, in.operand->type()), operand_(std::move(operand)) {}

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    static constexpr FunctionProperties kProperties;
    static const Type kBoolean(data::TypeKind::kBoolean);
    return run_kernel(kernel_, kProperties, kBoolean, {operand_->evaluate(frame, rows)}, rows,
                      frame.run);
  }

 private:
  InListKernel kernel_;
  NodePtr operand_;
};

}  // namespace

NodePtr make_in_list_node(const InList& in, NodePtr operand) {
  return std::make_shared<InListNode>(in, std::move(operand));
}

}  // namespace millrace::expr
