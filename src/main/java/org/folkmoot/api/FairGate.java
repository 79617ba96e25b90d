package org.folkmoot.api;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.folkmoot.api.Cancellation.CancelledException;
import org.folkmoot.api.openai.ApiException;
import org.jspecify.annotations.Nullable;

/**
 * Gives out turns to generate. When all are taken, callers wait, and a turn that becomes free goes
 * to the clients in rotation, however many requests each has waiting: one client's hundred requests
 * delay another client's one by a single turn.
 */
final class FairGate {
  private static final class Waiter {
    boolean granted;
    boolean cancelled;
  }

  private static final class Client {
    int active;
    final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  }

  /** A turn; closing it passes it on. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  private final ApiSettings.TurnLimits limits;

  /** Clients with a turn or waiting for one; the order is that of the rotation. */
  private final LinkedHashMap<String, Client> clients = new LinkedHashMap<>();

  private int active;
  private int waiting;

  FairGate(ApiSettings.TurnLimits limits) {
    this.limits = limits;
  }

  /**
   * Waits for a turn.
   *
   * @throws ApiException 429 if the queue is full
   * @throws CancelledException if cancelled while waiting
   */
  Turn enter(String name, Cancellation cancellation) {
    Waiter waiter = new Waiter();
    synchronized (this) {
      Client client = clients.computeIfAbsent(name, n -> new Client());
      if (client.waiters.isEmpty()) {
        clients.putLast(name, client); // Behind those who wait already.
      }
      client.waiters.add(waiter);
      waiting++;
      grant();
      if (!waiter.granted
          && (waiting > limits.waiting() || client.waiters.size() > limits.waitingPerClient())) {
        leaveQueue(name, waiter);
        throw ApiException.busy("too many requests are waiting for their turn: try again soon");
      }
    }
    try (var _ = cancellation.onCancel(() -> cancel(waiter))) {
      await(name, waiter);
    }
    return () -> leave(name);
  }

  private synchronized void await(String name, Waiter waiter) {
    boolean interrupted = false;
    while (!waiter.granted && !waiter.cancelled && !interrupted) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (waiter.cancelled || interrupted) {
      if (waiter.granted) {
        leave(name);
      } else {
        leaveQueue(name, waiter);
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      throw new CancelledException();
    }
  }

  private synchronized void cancel(Waiter waiter) {
    waiter.cancelled = true;
    notifyAll();
  }

  private synchronized void leave(String name) {
    Client client = clients.get(name);
    if (client == null) {
      throw new IllegalStateException("a turn was given back twice");
    }
    client.active--;
    active--;
    forgetIfIdle(name, client);
    grant();
    notifyAll();
  }

  private void leaveQueue(String name, Waiter waiter) {
    Client client = clients.get(name);
    if (client != null && client.waiters.remove(waiter)) {
      waiting--;
      forgetIfIdle(name, client);
    }
  }

  private void forgetIfIdle(String name, Client client) {
    if (client.active == 0 && client.waiters.isEmpty()) {
      clients.remove(name);
    }
  }

  /** Gives free turns to those who come next. */
  private void grant() {
    while (active < limits.active()) {
      Map.Entry<String, Client> next = nextInRotation();
      if (next == null) {
        return;
      }
      Client client = next.getValue();
      clients.putLast(next.getKey(), client);
      client.waiters.remove().granted = true;
      client.active++;
      waiting--;
      active++;
    }
  }

  private Map.@Nullable Entry<String, Client> nextInRotation() {
    for (Map.Entry<String, Client> entry : clients.entrySet()) {
      Client client = entry.getValue();
      if (!client.waiters.isEmpty() && client.active < limits.activePerClient()) {
        return entry;
      }
    }
    return null;
  }

  synchronized int active() {
    return active;
  }

  synchronized int waiting() {
    return waiting;
  }
}
