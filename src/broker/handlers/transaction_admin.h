#pragma once

#include "broker/handler.h"
#include "broker/transactions/transaction_coordinator.h"
#include "kafka/messages/describe_transactions.h"
#include "kafka/messages/list_transactions.h"

namespace millrace::broker {

class DescribeTransactionsHandler final
    : public TypedHandler<kafka::DescribeTransactionsRequest, kafka::DescribeTransactionsResponse> {
 public:
  explicit DescribeTransactionsHandler(TransactionCoordinator& transactions)
      : transactions_(transactions) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  TransactionCoordinator& transactions_;
};

// ListTransactions: those that every filter lets through; a filter that is empty lets all. A
// pattern is a regular expression for the whole id.
class ListTransactionsHandler final
    : public TypedHandler<kafka::ListTransactionsRequest, kafka::ListTransactionsResponse> {
 public:
  ListTransactionsHandler(TransactionCoordinator& transactions, const io::Clock& clock)
      : transactions_(transactions), clock_(clock) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  TransactionCoordinator& transactions_;
  const io::Clock& clock_;
};

}  // namespace millrace::broker
