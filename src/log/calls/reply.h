#pragma once

#include <utility>

#include "base/result.h"
#include "io/executor.h"

namespace millrace::log {

// Runs `done(result)` on `executor`.
template <class T>
void reply(io::Executor& executor, io::Completion<Result<T>> done, Result<T> result) {
  executor.post(
      [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

}  // namespace millrace::log
