#include "base/error.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/assert.h"

namespace millrace {
namespace {

constexpr auto kTable = std::to_array<ErrorInfo>({
#define MILLRACE_ERROR(number, name, blame, meaning, sqlstate, kafka, http) \
  {ErrorCode::k##name, #name, Blame::blame, meaning, sqlstate, kafka, http},
#include "base/errors.def"
#undef MILLRACE_ERROR
});

static_assert(std::ranges::is_sorted(kTable, {}, &ErrorInfo::code), "errors.def: order of numbers");

}  // namespace

const ErrorInfo* find_error(int number) {
  const auto found = std::ranges::lower_bound(
      kTable, number, {}, [](const ErrorInfo& row) { return static_cast<int>(row.code); });
  if (found == kTable.end() || static_cast<int>(found->code) != number) return nullptr;
  return &*found;
}

const ErrorInfo& error_info(ErrorCode code) {
  const ErrorInfo* info = find_error(static_cast<int>(code));
  MILLRACE_ASSERT(info != nullptr);
  return *info;
}

Error::Error(ErrorCode code, std::string message)
    : detail_(std::make_unique<Detail>(Detail{code, std::move(message), {}, {}})) {}

Error::Error(const Error& other) : detail_(std::make_unique<Detail>(*other.detail_)) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) detail_ = std::make_unique<Detail>(*other.detail_);
  return *this;
}

Error Error::at(std::string place) && {
  detail_->place = std::move(place);
  return std::move(*this);
}

Error Error::remedy(std::string what) && {
  detail_->remedy = std::move(what);
  return std::move(*this);
}

Error Error::within(std::string_view context) && {
  detail_->message.insert(0, std::string(context) + ": ");
  return std::move(*this);
}

std::string Error::to_string() const {
  std::string text = "MR-" + std::to_string(static_cast<int>(code()));
  if (!place().empty()) text += " " + place();
  text += ": " + message();
  if (!remedy().empty()) text += "\n  " + remedy();
  return text;
}

}  // namespace millrace
