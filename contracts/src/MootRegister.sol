// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What a moot decided, by hashes: its charter and whatever it adopted. Only the owner (the moot's
/// timelock) decides; the texts and files are in the ledger.
contract MootRegister {
    /// The topic of the charter itself.
    bytes32 public constant CHARTER = "charter";

    address public immutable owner;

    /// The latest decision on a topic.
    mapping(bytes32 topic => bytes32 hash) public decided;

    event Decided(bytes32 indexed topic, bytes32 hash);

    error NotOwner();

    constructor(address timelock, bytes32 charter) {
        owner = timelock;
        decided[CHARTER] = charter;
        emit Decided(CHARTER, charter);
    }

    function decide(bytes32 topic, bytes32 hash) external {
        if (msg.sender != owner) revert NotOwner();
        decided[topic] = hash;
        emit Decided(topic, hash);
    }
}
