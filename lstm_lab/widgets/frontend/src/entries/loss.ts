import { LossView } from "../loss";
import { laboratory } from "../lab";

export default laboratory("loss", LossView);
