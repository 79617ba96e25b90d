package org.folkmoot.moot;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * Who belongs to a moot now. Whoever was let in and has joined is a member, whichever came first.
 * Whoever was put out comes back by a vote only. Who goes takes its open invitations along.
 */
final class Assembly {
  private final SortedMap<PeerId, Moot.Member> members = new TreeMap<>();

  /** Let in by vote, and not here yet. */
  private final Set<PeerId> admitted = new HashSet<>();

  /** Whom each member has invited, as far as they have not come. */
  private final Map<PeerId, SortedSet<PeerId>> invitations = new TreeMap<>();

  private final Map<PeerId, Written> joining = new HashMap<>();
  private final Set<PeerId> removed = new HashSet<>();

  void found(PeerId peer, long seconds) {
    members.put(peer, new Moot.Member(peer, "", seconds));
  }

  boolean has(PeerId peer) {
    return members.containsKey(peer);
  }

  SortedMap<PeerId, Moot.Member> members() {
    return members;
  }

  SortedSet<PeerId> invited() {
    NavigableSet<PeerId> all = new TreeSet<>(admitted);
    invitations.values().forEach(all::addAll);
    return all;
  }

  /** Whether there is one member; or none, and never one again. */
  boolean isAlone() {
    return members.size() <= 1;
  }

  /** Who was let in and has joined, by which entry, and is no member yet. */
  SortedMap<PeerId, Hash32> waiting() {
    SortedMap<PeerId, Hash32> waiting = new TreeMap<>();
    for (PeerId peer : invited()) {
      Written wish = joining.get(peer);
      if (wish != null) {
        waiting.put(peer, wish.id());
      }
    }
    return waiting;
  }

  /** Whether somebody has joined by an entry whose id this is. */
  boolean hasJoinedBy(PeerId peer, String id) {
    Written wish = joining.get(peer);
    return wish != null && wish.id().hex().equals(id);
  }

  private boolean isInvited(PeerId peer) {
    return admitted.contains(peer)
        || invitations.values().stream().anyMatch(some -> some.contains(peer));
  }

  /** All members but one, if that is one. */
  int others(PeerId peer) {
    return members.size() - (has(peer) ? 1 : 0);
  }

  /** Takes somebody's wish to join, or a member's new name. */
  void join(Written written, String name) {
    PeerId by = written.by();
    joining.put(by, written);
    Moot.Member now = members.get(by);
    if (now != null) {
      members.put(by, new Moot.Member(by, name, now.since()));
    }
  }

  /** Whether a member may let somebody in by itself. */
  boolean mayBeInvited(PeerId peer) {
    return !removed.contains(peer);
  }

  /** A member invites; whether it may invite one more. */
  boolean invite(PeerId peer, PeerId by) {
    SortedSet<PeerId> its = invitations.computeIfAbsent(by, member -> new TreeSet<>());
    return its.contains(peer) || (its.size() < Moot.MAX_INVITED_EACH && its.add(peer));
  }

  /** Only votes let in from now on. */
  void forgetInvitations() {
    invitations.clear();
  }

  private void forget(PeerId peer) {
    admitted.remove(peer);
    invitations.values().forEach(some -> some.remove(peer));
  }

  /** Lets in by vote, even who was put out. */
  void admit(PeerId peer) {
    removed.remove(peer);
    if (!has(peer)) {
      admitted.add(peer);
    }
  }

  /**
   * Makes a member of whoever was let in and has joined.
   *
   * @return the entry by which it joined; null if it is no new member
   */
  @Nullable Written seat(PeerId peer, long seconds) {
    Written wish = joining.get(peer);
    if (wish == null || has(peer) || !isInvited(peer)) {
      return null;
    }
    forget(peer);
    String name = wish.entry() instanceof Entry.Member step ? step.name() : "";
    members.put(peer, new Moot.Member(peer, name, seconds));
    return wish;
  }

  void leave(PeerId peer) {
    members.remove(peer);
    invitations.remove(peer);
    forget(peer);
    joining.remove(peer);
  }

  void remove(PeerId peer) {
    leave(peer);
    removed.add(peer);
  }
}
