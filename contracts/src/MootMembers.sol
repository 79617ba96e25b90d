// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";

/// Who belongs to a moot, and with what weight: no token, nothing to transfer or sell. Time is measured
/// in seconds, as in the charter. Only the owner (the moot's timelock) admits and removes.
contract MootMembers is Votes {
    address public owner;

    mapping(address member => uint256) private weights;

    event Admitted(address indexed member, uint256 weight, bytes32 peer);
    event Removed(address indexed member);

    error NotOwner();
    error NoWeight();

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    constructor(address[] memory members, uint256[] memory memberWeights, bytes32[] memory peers)
        EIP712("Folkmoot", "1")
    {
        owner = msg.sender;
        for (uint256 i = 0; i < members.length; i++) {
            _admit(members[i], memberWeights[i], peers[i]);
        }
    }

    /// Hands the moot to its timelock.
    function handOver(address to) external onlyOwner {
        owner = to;
    }

    /// Admits a member, or changes a member's weight; both count for proposals made later. `peer` is the
    /// member's Ed25519 key in the ledger.
    function admit(address member, uint256 weight, bytes32 peer) external onlyOwner {
        _admit(member, weight, peer);
    }

    /// Removes a member; votes in proposals made before still count.
    function remove(address member) external onlyOwner {
        _transferVotingUnits(member, address(0), weights[member]);
        delete weights[member];
        emit Removed(member);
    }

    function weightOf(address member) external view returns (uint256) {
        return weights[member];
    }

    function _admit(address member, uint256 weight, bytes32 peer) private {
        if (weight == 0) revert NoWeight();
        if (delegates(member) == address(0)) _delegate(member, member);
        if (weights[member] > 0) _transferVotingUnits(member, address(0), weights[member]);
        weights[member] = weight;
        _transferVotingUnits(address(0), member, weight);
        emit Admitted(member, weight, peer);
    }

    function _getVotingUnits(address member) internal view override returns (uint256) {
        return weights[member];
    }

    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }
}
