#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/statement.h"

namespace millrace::sql {

template <class T>
Box<T>::Box(T value) : value_(new T(std::move(value))) {}

template <class T>
Box<T>::Box(const Box& other) : value_(other.value_ == nullptr ? nullptr : new T(*other.value_)) {}

template <class T>
Box<T>::~Box() {
  delete value_;
}

template <class T>
bool Box<T>::equals(const Box& other) const {
  if (value_ == nullptr || other.value_ == nullptr) return value_ == other.value_;
  return *value_ == *other.value_;
}

template <class... T>
Choice<T...>::Choice(const Choice& other) = default;
template <class... T>
Choice<T...>::Choice(Choice&& other) noexcept = default;
template <class... T>
Choice<T...>& Choice<T...>::operator=(const Choice& other) = default;
template <class... T>
Choice<T...>& Choice<T...>::operator=(Choice&& other) noexcept = default;
template <class... T>
Choice<T...>::~Choice() = default;

template <class... T>
bool Choice<T...>::equals(const Choice& other) const {
  return static_cast<const Base&>(*this) == static_cast<const Base&>(other);
}

template class Box<Expression>;
template class Box<Over>;
template class Box<Pattern>;
template class Box<Query>;
template class Box<Statement>;
template class Box<TableRef>;
template class Box<TypeName>;

template class Choice<PhysicalColumn, ComputedColumn>;
template class Choice<Literal, TypedLiteral, IntervalLiteral, ColumnRef, Unary, Binary, Logical,
                      Between, InList, InQuery, Quantified, Exists, ScalarSubquery, ArraySubquery,
                      Case, Cast, Call, JsonCall, Is, IsDistinctFrom, Like, ArrayConstructor,
                      MapConstructor, RowConstructor, Subscript, FieldAccess, Extract, RoundToUnit,
                      AtTimeZone, Collate, MatchSemantics>;
template class Choice<Query, Insert, StatementSet>;
template class Choice<PatternVariable, PatternSequence, PatternAlternatives, PatternQuantified,
                      PatternExclusion, PatternPermute, PatternAnchor>;
template class Choice<ComputedItem, Star>;
template class Choice<Select, Values, WholeTable, SetOperation, NestedQuery>;
template class Choice<QueryStatement, Subscribe>;
template class Choice<QueryStatement, Subscribe, Insert, StatementSet, Update, Delete, Copy,
                      CreateTable, CreateView, CreateMaterializedView, AlterMaterializedView,
                      CreateNamespace, CreateConnection, CreateSecret, CreateUser, CreateFunction,
                      CreateAlert, Drop, AlterJob, ControlJob, Tap, ReplayJob, Grant, Explain,
                      ExplainRow, Describe, Show, ShowCreate, ShowJob, ShowSetting, Set, Reset, Use,
                      Flush, Transaction, DeclareCursor, FetchCursor, CloseCursor>;
template class Choice<Expression, TableArgument, Descriptor>;
template class Choice<NamedTable, DerivedTable, UnnestTable, FunctionTable, WindowTable,
                      MatchRecognizeTable, JoinTable>;
template class Choice<NamedType, ArrayType, MultisetType, MapType, RowType, IntervalType>;
template class Choice<Identifier, WindowSpec>;

}  // namespace millrace::sql
