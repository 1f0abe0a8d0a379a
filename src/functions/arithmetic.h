#pragma once

#include <vector>

#include "expr/function.h"

namespace millrace::functions {

enum class Operation : uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo };

// Overloads of + - * / % over DECIMAL (integers among them become DECIMAL).
expr::Overload decimal_overload(Operation operation);
// Overloads of + - * / over dates, times and intervals; none for %.
std::vector<expr::Overload> temporal_overloads(Operation operation);

// The type of a DECIMAL result: beyond 38 digits the scale gives way, down to 6 digits.
data::Type decimal_result(int whole_digits, int scale);

}  // namespace millrace::functions
