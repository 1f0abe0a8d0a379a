#pragma once

#include <cstdint>

namespace CLI {
class Option;
class Validator;
}  // namespace CLI

namespace millrace::cli {

// A number without a fraction, `min` or more.
CLI::Validator whole_number(int64_t min);

// May be given several times, with one value each.
void take_one(CLI::Option* option);

}  // namespace millrace::cli
