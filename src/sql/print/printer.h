#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sql/ast/statement.h"
#include "sql/text/operator_table.h"

namespace millrace::sql {

// Printer: writes trees as canonical text, one after the other, into one string. `print` has an
// overload for each node; a construct that can stand in several places is written without what is
// around it.
//
// Threading:  confined to one call.
class Printer {
 public:
  const std::string& text() const { return out_; }

  // --- print_name.cc
  void name(std::string_view text);
  void string(std::string_view value);
  void print(const Identifier& identifier) { name(identifier.text); }
  void print(const QualifiedName& qualified);
  void names(const std::vector<Identifier>& list);  // (a, b)
  void print(const TypeName& type);
  void print(const NamedType& type);
  void print(const ArrayType& type);
  void print(const MultisetType& type);
  void print(const MapType& type);
  void print(const RowType& type);
  void print(const IntervalType& type);
  void print(const IntervalQualifier& qualifier);

  // --- print_expression.cc
  // With parentheses where the expression binds less tightly than `least`.
  void print(const Expression& expression, Precedence least = Precedence::kLowest);
  void print(const Literal& literal);
  void print(const TypedLiteral& literal);
  void print(const IntervalLiteral& literal);
  void print(const ColumnRef& column) { print(column.name); }
  void print(const Unary& node);
  void print(const Binary& node);
  void print(const Logical& node);
  void print(const Between& node);
  void print(const InList& node);
  void print(const InQuery& node);
  void print(const Quantified& node);
  void print(const Exists& node);
  void print(const ScalarSubquery& node);
  void print(const ArraySubquery& node);
  void print(const Case& node);
  void print(const Cast& node);
  void print(const Is& node);
  void print(const IsDistinctFrom& node);
  void print(const Like& node);
  void print(const ArrayConstructor& node);
  void print(const MapConstructor& node);
  void print(const RowConstructor& node);
  void print(const Subscript& node);
  void print(const FieldAccess& node);
  void print(const Extract& node);
  void print(const RoundToUnit& node);
  void print(const AtTimeZone& node);
  void print(const Collate& node);
  void print(const MatchSemantics& node);

  // --- print_call.cc
  void print(const Call& call);
  void print(const JsonCall& call);
  void print(const Argument& argument);
  void print(const OrderItem& item);
  void print(const Over& over);
  void print(const WindowSpec& spec);
  void print(const Frame& frame);
  void print(const FrameBound& bound);
  void partition_and_order(const std::vector<Expression>& partition_by,
                           const std::vector<OrderItem>& order_by);

  // --- print_table.cc
  void print(const TableRef& ref);
  // In parentheses where it is a join.
  void factor(const TableRef& ref);
  void print(const NamedTable& table);
  void print(const DerivedTable& table);
  void print(const UnnestTable& table);
  void print(const FunctionTable& table);
  void print(const WindowTable& table);
  void print(const MatchRecognizeTable& table);
  void print(const JoinTable& table);
  void print(const Join& join);
  void print(const TableArgument& argument);
  void print(const Descriptor& descriptor);
  void print(const TableFunctionArgument& argument);
  void print(const TableAlias& alias);
  // --- print_match.cc
  void print(const Pattern& pattern);
  void print(const PatternVariable& pattern) { print(pattern.name); }
  void print(const PatternSequence& pattern);
  void print(const PatternAlternatives& pattern);
  void print(const PatternQuantified& pattern);
  void print(const PatternExclusion& pattern);
  void print(const PatternPermute& pattern);
  void print(const PatternAnchor& pattern);

  // --- print_query.cc
  void print(const Query& query);
  void print(const Select& select);
  void print(const Values& values);
  void print(const WholeTable& table);
  void print(const SetOperation& operation);
  void print(const NestedQuery& query);
  void print(const With& with);
  void print(const CommonTable& table);
  void print(const ComputedItem& item);
  void print(const Star& star);
  void print(const SelectItem& item);
  void print(const GroupingElement& element);
  void print(const NamedWindow& window);
  void print(const Emit& emit);
  void in_parentheses(const Query& query);

  // --- print_create.cc
  void print(const CreateTable& statement);
  void print(const CreateView& statement);
  void print(const CreateMaterializedView& statement);
  void print(const AlterMaterializedView& statement);
  void print(const CreateNamespace& statement);
  void print(const CreateConnection& statement);
  void print(const CreateSecret& statement);
  void print(const CreateUser& statement);
  void print(const CreateFunction& statement);
  void print(const CreateAlert& statement);
  void print(const Drop& statement);
  void print(const ColumnDefinition& column);
  void print(const WatermarkDefinition& watermark);
  void print(const PrimaryKey& key);
  void print(const LikeTable& like);
  void print(const ViewColumn& column);
  void print(const Parameter& parameter);
  void print(const Option& option);
  void comment(const std::optional<std::string>& text);  // " COMMENT '…'"
  void view_tail(const std::vector<ViewColumn>& columns, const std::optional<std::string>& text,
                 const Options& options, const Query& query);
  void options(const Options& list);       // ('k' = 'v')
  void with_options(const Options& list);  // " WITH (…)", nothing where there are none

  // --- print_statement.cc
  void print(const Statement& statement);
  void print(const QueryStatement& statement) { print(statement.query); }
  void print(const Subscribe& statement);
  void print(const Insert& statement);
  void print(const StatementSet& statement);
  void print(const Update& statement);
  void print(const Delete& statement);
  void print(const Copy& statement);
  void print(const AlterJob& statement);
  void print(const ControlJob& statement);
  void print(const Tap& statement);
  void print(const ReplayJob& statement);
  void print(const Grant& statement);
  void print(const Privilege& privilege);
  void print(const Assignment& assignment);
  void print(const Explain& statement);
  void print(const ExplainRow& statement);
  void print(const Describe& statement);
  void print(const Show& statement);
  void print(const ShowCreate& statement);
  void print(const ShowJob& statement);
  void print(const ShowSetting& statement);
  void print(const Set& statement);
  void print(const Reset& statement);
  void print(const Use& statement);
  void print(const Flush& statement);
  void print(const Transaction& statement);
  void print(const DeclareCursor& statement);
  void print(const FetchCursor& statement);
  void print(const CloseCursor& statement);

 private:
  Printer& operator<<(std::string_view text) {
    out_ += text;
    return *this;
  }
  template <class T>
    requires(!std::convertible_to<const T&, std::string_view>)
  Printer& operator<<(const T& node) {
    print(node);
    return *this;
  }
  // "a, b"
  template <class T>
  void list(const std::vector<T>& items, std::string_view between = ", ") {
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += between;
      print(items[i]);
    }
  }
  template <class Variant>
  void any(const Variant& node) {
    std::visit([this](const auto& alternative) { this->print(alternative); }, node);
  }

  std::string out_;
};

std::string_view object_kind_words(ObjectKind kind);  // "MATERIALIZED VIEW"

}  // namespace millrace::sql
