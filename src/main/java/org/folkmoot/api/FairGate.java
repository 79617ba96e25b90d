package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.folkmoot.api.Cancellation.CancelledException;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * Gives out turns to generate. When all are taken, or a model has no room for one more answer,
 * callers wait, and a turn that becomes free goes to the clients in rotation, however many requests
 * each has waiting: one client's hundred requests delay another client's one by a single turn.
 *
 * <p>How much room a model has is known only when an answer is begun (it depends on lengths). Who
 * finds it full waits at the head, and nobody passes him to that model before one of its answers
 * ends: else long prompts would wait for ever behind short ones.
 */
final class FairGate {
  /**
   * What an answer is begun with.
   *
   * @param opened what the caller's {@code open} gave
   * @param gate to give the turn back to
   */
  record Turn<T>(T opened, FairGate gate, Waiter waiter) implements AutoCloseable {
    @Override
    public void close() {
      gate.leave(waiter);
    }
  }

  /** A caller; its state is guarded by the gate. */
  private static final class Waiter {
    final Client client;
    final Room room;
    boolean granted;
    boolean cancelled;

    Waiter(Client client, Room room) {
      this.client = client;
      this.room = room;
    }
  }

  private static final class Client {
    final String name;
    final Deque<Waiter> waiters = new ArrayDeque<>();
    int active;

    Client(String name) {
      this.name = name;
    }
  }

  /** What callers share besides turns: a model. */
  private static final class Room {
    int active;
    long left;

    /** Who found it full; until he is in, nobody else may try. */
    @Nullable Waiter head;

    /** Whether somebody has left since. */
    boolean headMayTry;

    boolean admits(Waiter waiter) {
      return head == null || (head == waiter && headMayTry);
    }
  }

  private final ApiSettings.TurnLimits limits;

  /** Clients with a turn or waiting for one; the order is that of the rotation. */
  private final LinkedHashMap<String, Client> clients = new LinkedHashMap<>();

  /** By name; as many as there are models. */
  private final Map<String, Room> rooms = new HashMap<>();

  private int active;
  private int waiting;

  FairGate(ApiSettings.TurnLimits limits) {
    this.limits = limits;
  }

  /**
   * Waits for a turn and begins an answer.
   *
   * @param clientName whose turn it is
   * @param roomName the model that answers
   * @param open begins the answer; BUSY says that there is no room for it now
   * @throws ApiException 429 if the queue is full
   * @throws CancelledException if cancelled while waiting
   * @throws FolkmootException what {@code open} throws, BUSY only if no answer of ours is under way
   *     that could end
   */
  <T> Turn<T> enter(
      String clientName, String roomName, Cancellation cancellation, Supplier<T> open) {
    Waiter waiter = queue(clientName, roomName);
    while (true) {
      try (var _ = cancellation.onCancel(() -> cancel(waiter))) {
        await(waiter);
      }
      long leftBefore = left(waiter.room);
      try {
        T opened = open.get();
        entered(waiter);
        return new Turn<>(opened, this, waiter);
      } catch (FolkmootException e) {
        if (e.code() != BUSY || !waitAgain(waiter, leftBefore)) {
          leave(waiter);
          throw e;
        }
      } catch (RuntimeException | Error e) {
        leave(waiter);
        throw e;
      }
    }
  }

  private synchronized Waiter queue(String clientName, String roomName) {
    Client client = clients.computeIfAbsent(clientName, Client::new);
    Room room = rooms.computeIfAbsent(roomName, _ -> new Room());
    Waiter waiter = new Waiter(client, room);
    if (client.waiters.isEmpty()) {
      clients.putLast(clientName, client); // Behind those who wait already.
    }
    client.waiters.addLast(waiter);
    waiting++;
    grant();
    if (!waiter.granted
        && (waiting > limits.waiting() || client.waiters.size() > limits.waitingPerClient())) {
      leaveQueue(waiter);
      throw ApiException.busy("too many requests are waiting for their turn: try again soon");
    }
    return waiter;
  }

  private synchronized void await(Waiter waiter) {
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
        leave(waiter);
      } else {
        leaveQueue(waiter);
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

  private synchronized long left(Room room) {
    return room.left;
  }

  /**
   * Gives a turn back and waits at the head for another.
   *
   * @param leftBefore how many had left the room before it was found full
   * @return false if nobody else is in the room whose leaving could make place
   */
  private synchronized boolean waitAgain(Waiter waiter, long leftBefore) {
    Room room = waiter.room;
    if (room.left != leftBefore) {
      return true; // Somebody has left meanwhile: try again at once.
    }
    if (room.active == 1) {
      return false;
    }
    if (room.head == null || room.head == waiter) {
      room.head = waiter;
      room.headMayTry = false;
    }
    room.active--;
    active--;
    waiter.client.active--;
    waiter.granted = false;
    waiter.client.waiters.addFirst(waiter);
    clients.putFirst(waiter.client.name, waiter.client);
    waiting++;
    grant();
    notifyAll();
    return true;
  }

  private synchronized void entered(Waiter waiter) {
    if (waiter.room.head == waiter) {
      waiter.room.head = null;
      grant();
      notifyAll();
    }
  }

  private synchronized void leave(Waiter waiter) {
    Room room = waiter.room;
    room.active--;
    room.left++;
    room.headMayTry = true;
    room.head = room.head == waiter ? null : room.head;
    waiter.client.active--;
    active--;
    forgetIfIdle(waiter.client);
    grant();
    notifyAll();
  }

  private void leaveQueue(Waiter waiter) {
    Room room = waiter.room;
    room.head = room.head == waiter ? null : room.head;
    waiter.client.waiters.remove(waiter);
    waiting--;
    forgetIfIdle(waiter.client);
    grant();
    notifyAll();
  }

  private void forgetIfIdle(Client client) {
    if (client.active == 0 && client.waiters.isEmpty()) {
      clients.remove(client.name);
    }
  }

  /** Gives free turns to those who come next. */
  private void grant() {
    while (active < limits.active()) {
      Waiter next = nextInRotation();
      if (next == null) {
        return;
      }
      clients.putLast(next.client.name, next.client);
      next.client.waiters.remove(next);
      next.granted = true;
      next.client.active++;
      next.room.active++;
      waiting--;
      active++;
    }
  }

  private @Nullable Waiter nextInRotation() {
    for (Client client : clients.values()) {
      if (client.active < limits.activePerClient()) {
        for (Waiter waiter : client.waiters) {
          if (waiter.room.admits(waiter)) {
            return waiter;
          }
        }
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
