#include "broker/handlers/transaction_admin.h"

#include <re2/re2.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "kafka/protocol_error.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr TransactionState kStates[] = {TransactionState::kEmpty,
                                        TransactionState::kOngoing,
                                        TransactionState::kPrepareCommit,
                                        TransactionState::kPrepareAbort,
                                        TransactionState::kCompleteCommit,
                                        TransactionState::kCompleteAbort,
                                        TransactionState::kDead};

bool is_state(const std::string& name) {
  return std::ranges::any_of(kStates, [&](auto state) { return name_of(state) == name; });
}

template <class T, class Value>
bool lets_through(const std::vector<T>& filter, const Value& value) {
  return filter.empty() || std::ranges::find(filter, value) != filter.end();
}

kafka::DescribeTransactionsResponse::TransactionState described(const TransactionView& view) {
  kafka::DescribeTransactionsResponse::TransactionState state;
  state.transactional_id = view.id;
  state.state = std::string(name_of(view.record.state));
  state.timeout_ms = view.record.timeout_ms;
  state.start_timestamp = view.record.began_ms;
  state.producer_id = view.record.producer_id;
  state.producer_epoch = view.record.producer_epoch;
  for (const TransactionPartition& partition : view.record.partitions) {
    if (state.topics.empty() || state.topics.back().name != partition.topic) {
      state.topics.emplace_back().name = partition.topic;
    }
    state.topics.back().partitions.push_back(partition.index);
  }
  return state;
}

}  // namespace

void DescribeTransactionsHandler::handle(Call, Request request, Reply<Response> reply) {
  if (request.transactional_ids.empty()) return reply.send({});
  transactions_.describe(
      request.transactional_ids, [ids = request.transactional_ids,
                                  reply = std::move(reply)](TransactionListing listing) mutable {
        Response response;
        const auto& views = listing.transactions;
        for (const std::string& id : ids) {
          const auto found = std::ranges::find(views, id, &TransactionView::id);
          if (found != views.end()) {
            response.transaction_states.push_back(described(*found));
            continue;
          }
          auto& unknown = response.transaction_states.emplace_back();
          unknown.transactional_id = id;
          unknown.error_code = code_of(listing.error == ProtocolError::kNone
                                           ? ProtocolError::kTransactionalIdNotFound
                                           : listing.error);
        }
        reply.send(response);
      });
}

void ListTransactionsHandler::handle(Call, Request request, Reply<Response> reply) {
  Response response;
  std::ranges::copy_if(request.state_filters, std::back_inserter(response.unknown_state_filters),
                       [](const std::string& name) { return !is_state(name); });
  const auto pattern =
      std::make_shared<RE2>(request.transactional_id_pattern.value_or(""), RE2::Quiet);
  if (!pattern->ok()) {
    response.error_code = code_of(ProtocolError::kInvalidRegularExpression);
    return reply.send(response);
  }
  const int64_t now_ms = clock_.wall_us() / 1000;
  transactions_.describe(
      {}, [request = std::move(request), response = std::move(response), now_ms, pattern,
           reply = std::move(reply)](const TransactionListing& listing) mutable {
        response.error_code = code_of(listing.error);
        for (const TransactionView& view : listing.transactions) {
          const TransactionRecord& record = view.record;
          const bool old_enough =
              request.duration_filter_ms < 0 ||
              (record.began_ms >= 0 && now_ms - record.began_ms > request.duration_filter_ms);
          if (!old_enough || !lets_through(request.state_filters, name_of(record.state)) ||
              !lets_through(request.producer_id_filters, record.producer_id) ||
              !(pattern->pattern().empty() || RE2::FullMatch(view.id, *pattern))) {
            continue;
          }
          response.transaction_states.push_back(
              {.transactional_id = view.id,
               .producer_id = record.producer_id,
               .transaction_state = std::string(name_of(record.state))});
        }
        reply.send(response);
      });
}

}  // namespace millrace::broker
