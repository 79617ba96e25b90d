// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Checkpoints of append-only logs, in an order that nobody can change afterwards.
///
/// A log is named by the SHA-256 of its origin and by the account that records it, so that nobody can
/// record in another's place. The chain cannot read a log, but it refuses a history that was rewritten:
/// each checkpoint comes with an RFC 9162 consistency proof from the last one.
///
/// Not promised: that the log's owner signed the checkpoint. The reader holds the signed note and
/// compares.
contract CheckpointRegistry {
    struct Head {
        uint64 size;
        uint64 time;
        uint64 blockNumber;
        bytes32 root;
    }

    /// More than any log of 2^64 entries needs.
    uint256 private constant MAX_PROOF = 65;

    mapping(bytes32 origin => mapping(address recorder => Head)) private heads;
    mapping(bytes32 origin => mapping(address recorder => mapping(uint64 size => Head))) private marks;

    event Recorded(bytes32 indexed origin, address indexed recorder, uint64 size, bytes32 root);

    /// The log has this size or more already.
    error NotLarger(uint64 recorded, uint64 offered);

    /// The proof does not show that the log only grew.
    error Rewritten(uint64 recorded, uint64 offered);

    /// Records a checkpoint that is larger than the last.
    function record(bytes32 origin, uint64 size, bytes32 root, bytes32[] calldata proof) external {
        Head storage last = heads[origin][msg.sender];
        if (size <= last.size) revert NotLarger(last.size, size);
        if (last.size > 0 && !consistent(last.size, last.root, size, root, proof)) {
            revert Rewritten(last.size, size);
        }
        Head memory head = Head(size, uint64(block.timestamp), uint64(block.number), root);
        heads[origin][msg.sender] = head;
        marks[origin][msg.sender][size] = head;
        emit Recorded(origin, msg.sender, size, root);
    }

    /// The largest checkpoint of a log; of size 0 where there is none.
    function latest(bytes32 origin, address recorder) external view returns (Head memory) {
        return heads[origin][recorder];
    }

    /// The checkpoint of exactly this size; of size 0 where none was recorded.
    function checkpoint(bytes32 origin, address recorder, uint64 size) external view returns (Head memory) {
        return marks[origin][recorder][size];
    }

    /// RFC 9162, section 2.1.4.2, for 0 < size1 < size2.
    function consistent(
        uint64 size1,
        bytes32 root1,
        uint64 size2,
        bytes32 root2,
        bytes32[] calldata proof
    ) public pure returns (bool) {
        if (size1 == 0 || size1 >= size2 || proof.length > MAX_PROOF) return false;
        uint64 fn = size1 - 1;
        uint64 sn = size2 - 1;
        while (fn & 1 == 1) {
            fn >>= 1;
            sn >>= 1;
        }
        // A complete first tree is a node of the second: the proof leaves it out.
        uint256 next = 0;
        bytes32 first = root1;
        if (size1 & (size1 - 1) != 0) {
            if (proof.length == 0) return false;
            first = proof[next++];
        }
        bytes32 second = first;
        for (; next < proof.length; next++) {
            if (sn == 0) return false;
            bytes32 sibling = proof[next];
            if (fn & 1 == 1 || fn == sn) {
                first = node(sibling, first);
                second = node(sibling, second);
                while (fn & 1 == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                second = node(second, sibling);
            }
            fn >>= 1;
            sn >>= 1;
        }
        return sn == 0 && first == root1 && second == root2;
    }

    function node(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
