#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "io/executor.h"

namespace millrace::broker {

// Gather: the answers to calls that run at once, in the order of the calls, handed over when the
// last one is there.
//
// Threading:  confined to one executor, on which the calls complete.
// Order:      place for each call, then start, once. `done` may run within start.
// Failure:    a call that drops its completion: `done` is dropped.
template <class T>
class Gather {
 public:
  explicit Gather(io::Completion<std::vector<T>> done)
      : state_(std::make_shared<State>(std::move(done))) {}

  // Where the answer of the next call goes.
  io::Completion<T> place() {
    const size_t index = state_->answers.size();
    state_->answers.emplace_back();
    ++state_->left;
    return [state = state_, index](T answer) {
      state->answers[index] = std::move(answer);
      state->finish_one();
    };
  }
  // An answer that is there already.
  void put(T answer) { state_->answers.push_back(std::move(answer)); }
  // There are no more calls.
  void start() { std::exchange(state_, nullptr)->finish_one(); }

 private:
  struct State {
    explicit State(io::Completion<std::vector<T>> completion) : done(std::move(completion)) {}
    void finish_one() {
      if (--left == 0) done(std::move(answers));
    }
    io::Completion<std::vector<T>> done;
    std::vector<T> answers;
    size_t left = 1;  // one for start
  };
  std::shared_ptr<State> state_;
};

}  // namespace millrace::broker
